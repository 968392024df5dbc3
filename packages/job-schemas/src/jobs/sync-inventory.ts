import { defineJob, exponential, PRIORITY } from "@holdfast/queue-core/define";
import { orderPayload } from "../order-payload.ts";

/** Takes the order's goods out of stock; the warehouse is told after it. */
export const syncInventory = defineJob("sync_inventory", {
  payload: orderPayload,
  priority: PRIORITY.NORMAL,
  retry: { attempts: 5, backoff: exponential({ firstMs: 1_000, maxMs: 600_000 }) },
  timeoutMs: 30_000,
  limit: "inventory",
});
