import { defineJob, exponential, PRIORITY } from "@holdfast/queue-core/define";
import { orderPayload } from "../order-payload.ts";

/** Charges an order that was accepted without waiting for the payment; the order's pipeline follows it. */
export const processOrder = defineJob("process_order", {
  payload: orderPayload,
  // Stock is held and a customer waits until this has run.
  priority: PRIORITY.CRITICAL,
  retry: { attempts: 5, backoff: exponential({ firstMs: 2_000, maxMs: 300_000 }) },
  timeoutMs: 60_000,
});
