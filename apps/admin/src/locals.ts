import { OperatorUnknownError } from "./access/access-errors.ts";
import { Operator } from "./access/operator.ts";

/** What the gate found out about a request. */
export interface AdminLocals extends Record<string, unknown> {
  readonly operator: Operator | null;
}

/**
 * The operator behind a request.
 * @throws {OperatorUnknownError} on an open path that nobody logged in asks for
 */
export function operatorIn(locals: Readonly<Record<string, unknown>>): Operator {
  if (locals.operator instanceof Operator) return locals.operator;
  throw new OperatorUnknownError();
}
