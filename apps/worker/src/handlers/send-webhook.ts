import { cancel } from "@holdfast/queue-core";
import { deliverWebhook } from "@holdfast/services/webhooks";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Delivers one event to one endpoint. */
export function sendWebhook({ shop, webhookPolicy: policy }: WorkerServices): Handler<"send_webhook"> {
  return async ({ deliveryId }, ctx) => {
    const end = await deliverWebhook(shop, deliveryId, ctx, { policy });
    if (end === "delivered") return { end };
    ctx.log.warn({ deliveryId, end }, "webhook not delivered, and never will be");
    return cancel();
  };
}
