import {
  EncryptionKeyMissingError,
  type FaultLog,
  JobNotFoundError,
  JobStateError,
  JobTypeUnknownError,
  LimitUnknownError,
  OptionInvalidError,
  PayloadInvalidError,
  PayloadNewerError,
  ScheduleConflictError,
  ScheduleInvalidError,
  SealBrokenError,
  WorkflowNotFoundError,
} from "@holdfast/queue-core";
import { failure, RequestInvalidError, unexpectedFailure } from "@holdfast/services/process";
import type { Logger } from "pino";
import {
  DecryptionForbiddenError,
  OperatorUnknownError,
  OriginForeignError,
} from "./access/access-errors.ts";
import { EventStreamsFullError } from "./event-streams.ts";

/** The answer to whatever a handler threw; what nobody expected is logged and told without its cause. */
export function errorResponse(error: Error, log: Logger, faults: FaultLog): Response {
  if (error instanceof RequestInvalidError)
    return failure(400, error.code, error.message, { details: error.details });
  if (error instanceof OptionInvalidError) return failure(400, "VALIDATION_ERROR", error.message);
  if (error instanceof PayloadInvalidError) return payloadFailure(error);
  if (error instanceof ScheduleInvalidError) return failure(400, error.code, error.message);
  if (error instanceof ScheduleConflictError) return failure(409, error.code, error.message);
  if (error instanceof OperatorUnknownError) return failure(401, error.code, error.message);
  if (error instanceof DecryptionForbiddenError) return failure(403, error.code, error.message);
  if (error instanceof EncryptionKeyMissingError || error instanceof SealBrokenError)
    return failure(409, error.code, error.message);
  if (error instanceof OriginForeignError) return failure(403, error.code, error.message);
  if (error instanceof JobNotFoundError || error instanceof WorkflowNotFoundError)
    return failure(404, "NOT_FOUND", error.message);
  if (error instanceof LimitUnknownError) return failure(404, error.code, error.message);
  if (error instanceof JobStateError) return failure(409, error.code, error.message);
  if (error instanceof JobTypeUnknownError) return failure(409, error.code, error.message);
  if (error instanceof PayloadNewerError) return failure(409, error.code, error.message);
  if (error instanceof EventStreamsFullError)
    return failure(503, error.code, error.message, { headers: { "retry-after": "10" } });
  return unexpectedFailure(error, log, faults);
}

function payloadFailure({ issues }: PayloadInvalidError): Response {
  const details = issues.map(({ field, message }) => ({
    field: field === "" ? "payload" : `payload.${field}`,
    message,
  }));
  return failure(400, "VALIDATION_ERROR", "Validation failed", { details });
}
