import { readOrderDocument, recordInvoice } from "@holdfast/services/orders";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Writes the order's invoice; the order is complete when its stock is updated too. */
export function generateInvoice({ shop, invoices }: WorkerServices): Handler<"generate_invoice"> {
  return async ({ orderId }, ctx) => {
    const order = await readOrderDocument(shop.store, orderId);
    // Dated by the job and not by the run, so that a repeat writes the same file.
    const path = await ctx.once("pdf", () => invoices.write({ order, issuedAt: ctx.createdAt }, ctx.signal));
    ctx.onCommit((tx) => recordInvoice(tx, shop, orderId));
    return { path };
  };
}
