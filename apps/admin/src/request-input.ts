import type { InputState, ValidationIssue } from "@hectoday/http";
import { z } from "zod";

/** One field that is wrong, as in the error envelope's `details`. */
export interface FieldIssue {
  /** Dotted path, e.g. `payload.orderId`; empty for the body itself. */
  readonly field: string;
  readonly message: string;
}

/** A request whose path, query or body is not what the route takes. */
export class RequestInvalidError extends Error {
  readonly code = "VALIDATION_ERROR";
  readonly details: readonly FieldIssue[];
  constructor(details: readonly FieldIssue[]) {
    super("Validation failed");
    this.name = "RequestInvalidError";
    this.details = details;
  }
}

/**
 * The validated request.
 * @throws {RequestInvalidError} naming each field that is wrong
 */
export function validInput<Params, Query, Body>(
  input: InputState<Params, Query, Body>,
): { readonly params: Params; readonly query: Query; readonly body: Body } {
  if (input.ok) return input;
  throw new RequestInvalidError(input.issues.map(toFieldIssue));
}

function toFieldIssue({ path, message }: ValidationIssue): FieldIssue {
  return { field: path.join("."), message };
}

/** Ids of jobs, dead letters and workflows: never decoded, so this is all they may hold. */
const id = z.string().regex(/^[\w-]{1,100}$/);

export const idParams = z.object({ id });

/** What every paged list takes. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^[\w-]{1,60}$/)
    .optional(),
});

/** The name of a job type, as `defineJob` allows it. */
export const typeName = z.string().regex(/^[a-z][a-z0-9_.-]{0,99}$/);

export const workflowId = id;
