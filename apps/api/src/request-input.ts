import type { InputState, ValidationIssue } from "@hectoday/http";

/** One field that is wrong, as in the error envelope's `details`. */
export interface FieldIssue {
  /** Dotted path, e.g. `items.0.quantity`; empty for the body itself. */
  readonly field: string;
  readonly message: string;
}

/** A request whose path, query, headers or body are not what the route takes. */
export class RequestInvalidError extends Error {
  readonly code = "VALIDATION_ERROR";
  override readonly name = "RequestInvalidError";
  readonly details: readonly FieldIssue[];

  constructor(details: readonly FieldIssue[]) {
    super("Validation failed");
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
