import { orderJobKey } from "@holdfast/job-schemas";
import { type Inventory, syncInventory as takeOutOfStock } from "@holdfast/services/inventory";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Takes the order's goods out of stock, then has the warehouse told. */
export function syncInventory({ shop, inventory }: WorkerServices): Handler<"sync_inventory"> {
  return async (payload, ctx) => {
    const once: Inventory = {
      withdraw: (withdrawal) => ctx.once("withdraw", () => inventory.withdraw(withdrawal)),
    };
    await takeOutOfStock(shop, once, payload.orderId, ctx);
    const uniqueKey = orderJobKey("notify_warehouse", payload.orderId);
    ctx.enqueue("notify_warehouse", payload, { uniqueKey });
  };
}
