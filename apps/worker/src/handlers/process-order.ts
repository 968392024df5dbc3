import { processOrder as charge } from "@holdfast/services/orders";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Charges an order that was placed for later; its first jobs are added with the payment. */
export function processOrder({ shop }: WorkerServices): Handler<"process_order"> {
  return async ({ orderId }, ctx) => ({ outcome: await charge(shop, orderId, ctx) });
}
