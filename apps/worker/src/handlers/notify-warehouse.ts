import { recordWarehouseNotice } from "@holdfast/services/inventory";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Puts the order on the warehouse's list of what to pick and pack. */
export function notifyWarehouse({ shop }: WorkerServices): Handler<"notify_warehouse"> {
  return ({ orderId }, ctx) => {
    ctx.onCommit((tx) => recordWarehouseNotice(tx, shop, orderId));
  };
}
