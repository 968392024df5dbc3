import { reconcilePayments as reconcile } from "@holdfast/services/orders";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Closes orders whose payment is undecided. */
export function reconcilePayments({ shop }: WorkerServices): Handler<"reconcile_payments"> {
  return (_payload, ctx) => reconcile(shop, ctx.signal);
}
