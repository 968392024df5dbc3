import { defineJob, linear, PRIORITY } from "@holdfast/queue-core/define";
import { orderPayload } from "../order-payload.ts";

/** Tells the warehouse what to pick and pack. */
export const notifyWarehouse = defineJob("notify_warehouse", {
  payload: orderPayload,
  priority: PRIORITY.NORMAL,
  retry: { attempts: 5, backoff: linear() },
  timeoutMs: 30_000,
});
