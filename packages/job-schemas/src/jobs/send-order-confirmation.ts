import { defineJob, exponential, PRIORITY } from "@holdfast/queue-core/define";
import { orderJobKey } from "../order-job-key.ts";
import { orderPayload } from "../order-payload.ts";

/** Mails the customer that the order is paid; the invoice and the stock follow it. */
export const sendOrderConfirmation = defineJob("send_order_confirmation", {
  payload: orderPayload,
  priority: PRIORITY.HIGH,
  retry: { attempts: 5, backoff: exponential({ firstMs: 1_000, maxMs: 600_000 }) },
  timeoutMs: 30_000,
  limit: "email",
  // A mail that cannot be delivered must not keep a paid order from its invoice and its goods. The keys are those
  // the handler uses, so retrying this dead letter later adds neither a second time.
  onDead: ({ payload }) =>
    (["generate_invoice", "sync_inventory"] as const).map((type) => ({
      type,
      payload,
      uniqueKey: orderJobKey(type, payload.orderId),
    })),
});
