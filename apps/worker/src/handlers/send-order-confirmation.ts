import { orderJobKey } from "@holdfast/job-schemas";
import { composeOrderConfirmation } from "@holdfast/services/email";
import { readOrderDocument } from "@holdfast/services/orders";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Mails the customer that the order is paid, then has the invoice made and the stock updated. */
export function sendOrderConfirmation({ shop, mailer }: WorkerServices): Handler<"send_order_confirmation"> {
  return async (payload, ctx) => {
    const order = await readOrderDocument(shop.store, payload.orderId);
    await ctx.once("mail", () =>
      mailer.send(composeOrderConfirmation(order), { signal: ctx.signal, key: ctx.idempotencyKey }),
    );
    // The keys are those of the job type's `onDead`: whichever comes first, each step is taken once.
    for (const type of ["generate_invoice", "sync_inventory"] as const) {
      ctx.enqueue(type, payload, { uniqueKey: orderJobKey(type, payload.orderId) });
    }
  };
}
