import type { IdempotencyKey } from "@holdfast/services/orders";
import { RequestInvalidError } from "@holdfast/services/process";
import type { Caller } from "../access/api-keys.ts";
import type { HeaderParameter } from "../openapi/describe-api.ts";

const LONGEST_KEY = 255;

/** The headers that `POST /orders` reads. */
export const ORDER_HEADERS: readonly HeaderParameter[] = [
  {
    name: "Idempotency-Key",
    description:
      "The client's name for this order: for 24 hours the same request has the same answer and orders once",
    schema: { type: "string", minLength: 1, maxLength: LONGEST_KEY, pattern: "^[\\x21-\\x7e]+$" },
  },
  {
    name: "Prefer",
    description: "`respond-async` answers 202 at once and charges in the background",
    schema: { type: "string", example: "respond-async" },
  },
];

/**
 * The request's `Idempotency-Key`, if it has one.
 * @throws {RequestInvalidError} unless it is 1 to 255 visible ASCII characters
 */
export function idempotencyKeyOf(headers: Headers, caller: Caller): IdempotencyKey | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (key.length <= LONGEST_KEY && /^[\x21-\x7e]+$/.test(key)) return { caller, key };
  throw new RequestInvalidError([
    {
      field: "Idempotency-Key",
      message: `must be 1 to ${LONGEST_KEY} visible ASCII characters without spaces`,
    },
  ]);
}

/** Whether the client would rather not wait for the payment: `Prefer: respond-async` (RFC 7240 section 4.1). */
export function prefersAsync(headers: Headers): boolean {
  return (headers.get("prefer") ?? "")
    .split(",")
    .some((preference) => /^\s*respond-async\s*$/i.test(preference));
}
