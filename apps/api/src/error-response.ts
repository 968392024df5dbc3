import type { FaultLog } from "@holdfast/queue-core";
import {
  IdempotencyKeyBusyError,
  IdempotencyKeyReusedError,
  OrderInvalidError,
  OrderNotFoundError,
  StockShortError,
} from "@holdfast/services/orders";
import { type FieldIssue, failure, RequestInvalidError, unexpectedFailure } from "@holdfast/services/process";
import {
  WebhookLimitError,
  WebhookNotFoundError,
  WebhookPendingError,
  WebhookUrlRefusedError,
} from "@holdfast/services/webhooks";
import type { Logger } from "pino";
import { ApiKeyInvalidError, OriginForeignError, RateLimitedError } from "./access/access-errors.ts";
import { BodyRefusedError, BodyTooLargeError, BodyUnreadableError } from "./edge/body-errors.ts";

/** The answer to whatever a handler threw; what nobody expected is logged and told without its cause. */
export function errorResponse(error: Error, log: Logger, faults: FaultLog): Response {
  return requestFailure(error) ?? shopFailure(error) ?? unexpectedFailure(error, log, faults);
}

/** What is wrong with the request, whatever it was for. */
function requestFailure(error: Error): Response | null {
  if (error instanceof RequestInvalidError) return invalid(error.details);
  if (error instanceof BodyRefusedError) return invalid([{ field: "", message: error.message }]);
  if (error instanceof BodyUnreadableError) return failure(400, error.code, error.message);
  // The rest of the body is not read, so the connection cannot carry another request.
  if (error instanceof BodyTooLargeError) {
    return failure(413, error.code, error.message, { headers: { connection: "close" } });
  }
  if (error instanceof ApiKeyInvalidError) {
    return failure(401, error.code, error.message, { headers: { "www-authenticate": "Bearer" } });
  }
  if (error instanceof OriginForeignError) return failure(403, error.code, error.message);
  if (error instanceof RateLimitedError) {
    const seconds = String(Math.ceil(error.retryMs / 1_000));
    return failure(429, error.code, error.message, { headers: { "retry-after": seconds } });
  }
  return null;
}

/** What the shop refuses. */
function shopFailure(error: Error): Response | null {
  if (error instanceof OrderInvalidError) return invalid(error.issues);
  if (error instanceof WebhookUrlRefusedError) return invalid([{ field: "url", message: error.message }]);
  if (error instanceof OrderNotFoundError || error instanceof WebhookNotFoundError) {
    return failure(404, "NOT_FOUND", error.message);
  }
  if (error instanceof IdempotencyKeyBusyError) {
    return failure(409, error.code, error.message, { headers: { "retry-after": "1" } });
  }
  if (
    error instanceof StockShortError ||
    error instanceof WebhookLimitError ||
    error instanceof WebhookPendingError
  ) {
    return failure(409, error.code, error.message);
  }
  if (error instanceof IdempotencyKeyReusedError) return failure(422, error.code, error.message);
  return null;
}

function invalid(details: readonly FieldIssue[]): Response {
  return failure(400, "VALIDATION_ERROR", "Validation failed", { details });
}
