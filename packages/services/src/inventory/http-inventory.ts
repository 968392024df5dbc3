import { requestOutside } from "../outside-request.ts";
import type { Inventory } from "./inventory.ts";
import { InventoryRefusedError, InventoryUnavailableError } from "./inventory-errors.ts";

export interface HttpInventoryOptions {
  /** Where the service's API starts. */
  readonly baseUrl: string;
  /** For each request, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number;
}

/** Statuses after which the same request may succeed: RFC 9110 section 15.5, RFC 6585 section 4, RFC 8470. */
const PASSING = [408, 409, 423, 425, 429];

/**
 * An inventory service over HTTP: `POST <base>/withdrawals` with `Idempotency-Key` and
 * `{ orderId, lines: [{ productId, quantity }] }`; any 2xx confirms it.
 */
export function createHttpInventory({ baseUrl, timeoutMs = 10_000 }: HttpInventoryOptions): Inventory {
  const url = new URL(`${baseUrl.replace(/\/+$/, "")}/withdrawals`);
  return {
    async withdraw({ orderId, lines, key, signal }) {
      const body = { orderId, lines };
      const answer = await requestOutside({
        method: "POST",
        url,
        body,
        idempotencyKey: key,
        timeoutMs,
        signal,
      });
      if (answer.kind !== "answered") {
        throw new InventoryUnavailableError(orderId, answer.error.message, { cause: answer.error });
      }
      const { status } = answer;
      if (status >= 200 && status < 300) return;
      if (status >= 400 && status < 500 && !PASSING.includes(status))
        throw new InventoryRefusedError(orderId, status);
      throw new InventoryUnavailableError(orderId, `it answered ${status}`);
    },
  };
}
