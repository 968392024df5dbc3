import { composeOrderFollowup } from "@holdfast/services/email";
import { readOrderDocument } from "@holdfast/services/orders";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Asks the customer whether all went well. */
export function sendFollowupEmail({ shop, mailer }: WorkerServices): Handler<"send_followup_email"> {
  return async ({ orderId }, ctx) => {
    const order = await readOrderDocument(shop.store, orderId);
    await ctx.once("mail", () =>
      mailer.send(composeOrderFollowup(order), { signal: ctx.signal, key: ctx.idempotencyKey }),
    );
  };
}
