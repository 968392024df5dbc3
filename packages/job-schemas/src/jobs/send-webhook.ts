import { defineJob, exponential, PRIORITY } from "@holdfast/queue-core/define";
import { z } from "zod";

/** Delivers one event to one endpoint; the delivery's row holds where to and what. */
export const sendWebhook = defineJob("send_webhook", {
  payload: z.object({ deliveryId: z.string().min(1).max(64) }),
  priority: PRIORITY.NORMAL,
  // Nine waits of at most 15 s, 30 s, … 1 h: two hours in all, one on average, to outlast a receiver's outage.
  retry: { attempts: 10, backoff: exponential({ firstMs: 15_000, maxMs: 3_600_000 }) },
  timeoutMs: 30_000,
  limit: "webhook",
});
