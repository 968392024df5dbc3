import { StoreBusyError, StoreUnavailableError } from "@holdfast/queue-core";
import type { Logger } from "pino";

/** One field of a request that is wrong. */
export interface FieldIssue {
  /** Dotted path, e.g. `items.0.quantity`; empty for the body itself. */
  readonly field: string;
  readonly message: string;
}

interface FailureOptions {
  readonly details?: readonly FieldIssue[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers with the one error envelope: `{ error: { code, message, details? } }`. */
export function failure(
  status: number,
  code: string,
  message: string,
  { details, headers = {} }: FailureOptions = {},
): Response {
  return Response.json({ error: { code, message, ...(details && { details }) } }, { status, headers });
}

/** Answers what no request is to blame for: 503 while the database cannot be written, else 500 without the cause. */
export function unexpectedFailure(error: unknown, log: Logger): Response {
  if (error instanceof StoreBusyError || error instanceof StoreUnavailableError) {
    log.warn({ err: error }, "the database cannot be written");
    const message = "The database cannot be written just now; try again";
    return failure(503, error.code, message, { headers: { "retry-after": "2" } });
  }
  log.error({ err: error }, "request failed");
  return failure(500, "INTERNAL_ERROR", "Something went wrong on our side");
}
