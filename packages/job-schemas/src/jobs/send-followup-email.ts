import { defineJob, exponential, PRIORITY } from "@holdfast/queue-core/define";
import { orderPayload } from "../order-payload.ts";

/** Asks the customer, a day after the order, whether all went well. */
export const sendFollowupEmail = defineJob("send_followup_email", {
  payload: orderPayload,
  priority: PRIORITY.LOW,
  retry: { attempts: 5, backoff: exponential({ firstMs: 60_000, maxMs: 3_600_000 }) },
  timeoutMs: 30_000,
  limit: "email",
});
