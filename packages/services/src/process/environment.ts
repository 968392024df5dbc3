import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";
import { EnvironmentInvalidError } from "./environment-invalid-error.ts";
import { notesOn, type VariableShape } from "./variable.ts";
import { processVariables } from "./variables.ts";
import { baseFolder, findWorkspaceRoot } from "./workspace-root.ts";

/** What `readEnvironment` returns for a shape: every variable under its own name, parsed. */
export type EnvironmentOf<Shape extends VariableShape> = z.output<
  z.ZodObject<Shape & typeof processVariables>
>;

export interface EnvironmentSource {
  /** The process's own variables by default, which win over the `.env` file's. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** A file of variables; `.env` in the workspace's root by default. It need not exist; null reads none. */
  readonly file?: string | null;
  /** Where relative paths start; see `baseFolder`. */
  readonly folder?: string;
}

/**
 * Reads and checks environment variables; an empty one counts as unset, a relative path becomes absolute.
 * @example
 * const environment = readEnvironment({ ...storeVariables, ...adminVariables });
 * @param shape the groups of variables that the app uses; NODE_ENV, LOG_LEVEL and ALLOW_SIMULATED come on their own
 * @throws {EnvironmentInvalidError} listing everything that is wrong
 */
export function readEnvironment<const Shape extends VariableShape>(
  shape: Shape,
  source: EnvironmentSource = {},
): EnvironmentOf<Shape> {
  const { variables = process.env, file = defaultFile(), folder = baseFolder() } = source;
  const set = presentOnly({ ...(file === null ? {} : readVariableFile(file)), ...presentOnly(variables) });
  const whole = { ...shape, ...processVariables };
  const parsed = z.object(whole).safeParse(set);
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => {
      const name = String(issue.path[0]);
      return `${name}: ${issue.message}${foundIn(whole, name, set[name])}`;
    }),
    ...productionProblems(whole, set),
  ];
  if (!parsed.success || problems.length > 0) throw new EnvironmentInvalidError(problems);
  return Object.assign(parsed.data, absolutePaths(whole, parsed.data, folder));
}

/** The values of the secret variables, for the logger to mask wherever they turn up. */
export function secretsIn(shape: VariableShape, environment: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(shape)
    .filter((name) => notesOn(shape[name] as z.ZodType).secret)
    .flatMap((name) => environment[name])
    .filter((value) => typeof value === "string");
}

function defaultFile(): string | null {
  const root = findWorkspaceRoot();
  return root === null ? null : join(root, ".env");
}

function readVariableFile(path: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(path, "utf8"));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return {};
    throw new EnvironmentInvalidError([`${path}: cannot be read`], { cause });
  }
}

function presentOnly(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(variables).flatMap(([name, value]) =>
    value ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}

function foundIn(shape: VariableShape, name: string, value: string | undefined): string {
  const variable = shape[name];
  if (value === undefined || variable === undefined || notesOn(variable).secret) return "";
  // Up to the last @: the value is not a valid URL, so a password may hold what would end it in one.
  const withoutPassword = value.replace(/(:\/\/[^:@]*):.*@/s, "$1:***@");
  return `, got ${JSON.stringify(withoutPassword)}`;
}

function productionProblems(shape: VariableShape, set: Readonly<Record<string, string>>): string[] {
  if (set.NODE_ENV !== "production") return [];
  const maySimulate = set.ALLOW_SIMULATED === "1" || set.ALLOW_SIMULATED === "true";
  return Object.entries(shape).flatMap(([name, variable]) => {
    const { production } = notesOn(variable);
    if (set[name] !== undefined || production === undefined) return [];
    if (production === "required") return [`${name}: required when NODE_ENV=production`];
    const why = "the service is simulated without it; or set ALLOW_SIMULATED=1";
    return maySimulate ? [] : [`${name}: required when NODE_ENV=production, because ${why}`];
  });
}

function absolutePaths(
  shape: VariableShape,
  values: Readonly<Record<string, unknown>>,
  folder: string,
): Record<string, string> {
  const paths = Object.entries(values).flatMap(([name, value]) => {
    const variable = shape[name];
    const isPath = variable !== undefined && notesOn(variable).isPath && typeof value === "string";
    return isPath ? [[name, resolve(folder, value)] as const] : [];
  });
  return Object.fromEntries(paths);
}
