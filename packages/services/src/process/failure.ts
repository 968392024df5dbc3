import { type FaultLog, StoreBusyError, StoreUnavailableError } from "@holdfast/queue-core";
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

const USING_THE_DATABASE = "using the database";

/**
 * Answers what no request is to blame for: 503 while the database is locked or out of service, else 500 without the
 * cause.
 * @param faults told of the former: a full disk fails every request, and one line says so
 */
export function unexpectedFailure(error: unknown, log: Logger, faults: FaultLog): Response {
  if (error instanceof StoreBusyError || error instanceof StoreUnavailableError) {
    faults.failed(USING_THE_DATABASE, error);
    const message = "The database cannot be used just now; try again";
    return failure(503, error.code, message, { headers: { "retry-after": "2" } });
  }
  log.error({ err: error }, "request failed");
  return failure(500, "INTERNAL_ERROR", "Something went wrong on our side");
}

/** Says that a fault of the database is over: a change has gone through. */
export function noteAnswer(request: Request, response: Response, faults: FaultLog): void {
  if (request.method !== "GET" && request.method !== "HEAD" && response.ok) faults.works(USING_THE_DATABASE);
}
