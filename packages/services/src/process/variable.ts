import { z } from "zod";

/** What is known about a variable beside its schema. */
export interface VariableNotes {
  /** One sentence for `.env.example`. */
  readonly description: string;
  /** The text that stands for an unset variable. */
  readonly fallback?: string;
  /** Never printed: not in an error, not in a log. */
  readonly secret?: boolean;
  /** A path: resolved against the base folder when it is relative. */
  readonly isPath?: boolean;
  /**
   * What production asks for: `required` must be set; `real` must be set unless ALLOW_SIMULATED=1, because the
   * service behind it is simulated without it.
   */
  readonly production?: "required" | "real";
}

/** Variables by name, each a schema over its text. */
export type VariableShape = Readonly<Record<string, z.ZodType<unknown, string | undefined>>>;

const notes = z.registry<VariableNotes>();

/** A variable that may stay unset. */
export function optional<Schema extends z.ZodType<unknown, string>>(
  schema: Schema,
  about: VariableNotes,
): z.ZodOptional<Schema> {
  const variable = schema.optional();
  notes.add(variable, about);
  return variable;
}

/** A variable that has a value when it is unset. */
export function withFallback<Output>(
  schema: z.ZodType<Output, string>,
  about: VariableNotes & { readonly fallback: string },
): z.ZodPrefault<z.ZodType<Output, string>> {
  const variable = schema.prefault(about.fallback);
  notes.add(variable, about);
  return variable;
}

/** The notes on a variable made by `optional` or `withFallback`. */
export function notesOn(variable: z.ZodType): VariableNotes {
  const about = notes.get(variable);
  if (about === undefined) throw new TypeError("The variable was not made by optional() or withFallback()");
  return about;
}
