import type { IdempotencyKey } from "@holdfast/services/orders";
import { RequestInvalidError } from "@holdfast/services/process";
import type { Caller } from "../access/api-keys.ts";

/**
 * The request's `Idempotency-Key`, if it has one.
 * @throws {RequestInvalidError} unless it is 1 to 255 visible ASCII characters
 */
export function idempotencyKeyOf(headers: Headers, caller: Caller): IdempotencyKey | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return { caller, key };
  throw new RequestInvalidError([
    { field: "Idempotency-Key", message: "must be 1 to 255 visible ASCII characters without spaces" },
  ]);
}

/** Whether the client would rather not wait for the payment: `Prefer: respond-async` (RFC 7240 section 4.1). */
export function prefersAsync(headers: Headers): boolean {
  return (headers.get("prefer") ?? "")
    .split(",")
    .some((preference) => /^\s*respond-async\s*$/i.test(preference));
}
