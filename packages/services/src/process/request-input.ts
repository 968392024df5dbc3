import type { FieldIssue } from "./failure.ts";

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

/** What a router makes of a request: its parts as the route's schemas gave them, or what is wrong with them. */
type RequestInput =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly issues: readonly { readonly path: readonly string[]; readonly message: string }[];
    };

/**
 * The validated request.
 * @param input `c.input` of a handler
 * @throws {RequestInvalidError} naming each field that is wrong
 */
export function validInput<Input extends RequestInput>(input: Input): Extract<Input, { readonly ok: true }> {
  // The compiler does not narrow a type parameter by its member; `ok` has just done it.
  if (input.ok) return input as Extract<Input, { readonly ok: true }>;
  const details = input.issues.map(({ path, message }) => ({ field: path.join("."), message }));
  throw new RequestInvalidError(details);
}
