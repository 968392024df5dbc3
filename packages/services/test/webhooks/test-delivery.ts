import { type DeliveryEnd, type DeliveryRun, deliverWebhook } from "../../src/webhooks/deliver-webhook.ts";
import { listWebhookDeliveries, type WebhookDelivery } from "../../src/webhooks/delivery-log.ts";
import { registerWebhookEndpoint, type WebhookEndpointWithSecret } from "../../src/webhooks/endpoints.ts";
import { gatherEffects } from "../gather-effects.ts";
import type { TestShop } from "../open-test-shop.ts";
import { completeTestOrder } from "./complete-test-order.ts";

const policy = { requireHttps: false, allowPrivate: true };

/** A delivery of a completed order to a receiver, ready to be attempted. */
export interface TestDelivery {
  readonly id: string;
  readonly orderId: string;
  readonly endpoint: WebhookEndpointWithSecret;
  /** Runs an attempt and, if it did not fail, commits what it registered. */
  attempt(
    run?: Partial<DeliveryRun>,
    options?: { allowPrivate?: boolean; timeoutMs?: number },
  ): Promise<DeliveryEnd>;
  /** The delivery as the log shows it. */
  logged(): Promise<WebhookDelivery>;
}

/** Registers `url`, completes an order and finds its delivery. */
export async function prepareDelivery(shop: TestShop, url: string): Promise<TestDelivery> {
  const endpoint = await registerWebhookEndpoint(shop, policy, url);
  const orderId = await completeTestOrder(shop);
  const logged = async (): Promise<WebhookDelivery> => {
    const { items } = await listWebhookDeliveries(shop, { endpointId: endpoint.id, limit: 1 });
    if (!items[0]) throw new Error("The completed order has no delivery");
    return items[0];
  };
  const { id } = await logged();
  return {
    id,
    orderId,
    endpoint,
    logged,
    async attempt(change = {}, { allowPrivate = true, timeoutMs = 10_000 } = {}) {
      const { onCommit, commit } = gatherEffects(shop);
      const run: DeliveryRun = {
        attempt: 1,
        maxAttempts: 10,
        signal: new AbortController().signal,
        once: (_step, work) => work(),
        onCommit,
        ...change,
      };
      const end = await deliverWebhook(shop, id, run, { policy: { ...policy, allowPrivate }, timeoutMs });
      await commit();
      return end;
    },
  };
}
