import {
  JobNotFoundError,
  JobStateError,
  JobTypeUnknownError,
  PayloadInvalidError,
  StoreBusyError,
  StoreUnavailableError,
} from "@holdfast/queue-core";
import type { Logger } from "pino";
import { OperatorUnknownError, OriginForeignError } from "./access/access-errors.ts";
import { type FieldIssue, RequestInvalidError } from "./request-input.ts";

/** Answers with the one error envelope. */
export function failure(
  status: number,
  code: string,
  message: string,
  details?: readonly FieldIssue[],
): Response {
  return Response.json({ error: { code, message, ...(details && { details }) } }, { status });
}

/** The answer to whatever a handler threw; what nobody expected is logged and told without its cause. */
export function errorResponse(error: Error, log: Logger): Response {
  if (error instanceof RequestInvalidError) return failure(400, error.code, error.message, error.details);
  if (error instanceof PayloadInvalidError) return payloadFailure(error);
  if (error instanceof OperatorUnknownError) return failure(401, error.code, error.message);
  if (error instanceof OriginForeignError) return failure(403, error.code, error.message);
  if (error instanceof JobNotFoundError) return failure(404, "NOT_FOUND", error.message);
  if (error instanceof JobStateError) return failure(409, error.code, error.message);
  if (error instanceof JobTypeUnknownError) return failure(409, error.code, error.message);
  if (error instanceof StoreBusyError || error instanceof StoreUnavailableError) {
    log.warn({ err: error }, "the database cannot be written");
    const response = failure(503, error.code, "The database cannot be written just now; try again");
    response.headers.set("retry-after", "2");
    return response;
  }
  log.error({ err: error }, "request failed");
  return failure(500, "INTERNAL_ERROR", "Something went wrong on our side");
}

function payloadFailure({ issues }: PayloadInvalidError): Response {
  const details = issues.map(({ field, message }) => ({
    field: field === "" ? "payload" : `payload.${field}`,
    message,
  }));
  return failure(400, "VALIDATION_ERROR", "Validation failed", details);
}
