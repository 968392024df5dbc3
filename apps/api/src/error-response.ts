import { StoreBusyError, StoreUnavailableError } from "@holdfast/queue-core";
import {
  IdempotencyKeyBusyError,
  IdempotencyKeyReusedError,
  OrderInvalidError,
  OrderNotFoundError,
  StockShortError,
} from "@holdfast/services/orders";
import {
  WebhookLimitError,
  WebhookNotFoundError,
  WebhookPendingError,
  WebhookUrlRefusedError,
} from "@holdfast/services/webhooks";
import type { Logger } from "pino";
import { ApiKeyInvalidError, RateLimitedError } from "./access/access-errors.ts";
import { BodyRefusedError, BodyTooLargeError, BodyUnreadableError } from "./edge/body-errors.ts";
import { type FieldIssue, RequestInvalidError } from "./request-input.ts";

/** Answers with the one error envelope. */
export function failure(
  status: number,
  code: string,
  message: string,
  options: {
    readonly details?: readonly FieldIssue[];
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Response {
  const { details, headers = {} } = options;
  return Response.json({ error: { code, message, ...(details && { details }) } }, { status, headers });
}

/** The answer to whatever a handler threw; what nobody expected is logged and told without its cause. */
export function errorResponse(error: Error, log: Logger): Response {
  const known = requestFailure(error) ?? shopFailure(error);
  if (known) return known;
  if (error instanceof StoreBusyError || error instanceof StoreUnavailableError) {
    log.warn({ err: error }, "the database cannot be written");
    const message = "The database cannot be written just now; try again";
    return failure(503, error.code, message, { headers: { "retry-after": "2" } });
  }
  log.error({ err: error }, "request failed");
  return failure(500, "INTERNAL_ERROR", "Something went wrong on our side");
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
