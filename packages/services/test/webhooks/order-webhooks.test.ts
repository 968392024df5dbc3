import { describe, expect, it } from "vitest";
import { listWebhookDeliveries } from "../../src/webhooks/delivery-log.ts";
import { registerWebhookEndpoint, removeWebhookEndpoint } from "../../src/webhooks/endpoints.ts";
import { enqueueOrderWebhooks } from "../../src/webhooks/order-webhooks.ts";
import { openTestShop, type TestShop } from "../open-test-shop.ts";
import { completeTestOrder } from "./complete-test-order.ts";

const policy = { requireHttps: true, allowPrivate: false };
const register = (shop: TestShop, name: string) =>
  registerWebhookEndpoint(shop, policy, `https://${name}.example/`);

const deliveriesOf = async (shop: TestShop) => (await listWebhookDeliveries(shop, { limit: 100 })).items;
const jobsOf = async (shop: TestShop) =>
  (await shop.store.listJobs({ limit: 100, type: "send_webhook" })).items;

describe("R25: a completed order", () => {
  it("gets one delivery and one job per active endpoint", async () => {
    await using shop = await openTestShop();
    const endpoints = [await register(shop, "a"), await register(shop, "b")];
    const removed = await register(shop, "c");
    await removeWebhookEndpoint(shop, removed.id);
    const orderId = await completeTestOrder(shop);

    const deliveries = await deliveriesOf(shop);
    expect(deliveries.map(({ endpointId }) => endpointId).sort()).toEqual(
      endpoints.map(({ id }) => id).sort(),
    );
    for (const delivery of deliveries) {
      expect(delivery).toMatchObject({
        eventId: `evt-${orderId}-completed`,
        eventType: "order.completed",
        status: "pending",
        attempts: 0,
        createdAt: new Date(shop.clock.now()),
      });
    }
    const jobs = await jobsOf(shop);
    expect(jobs.map(({ payload }) => payload)).toEqual(
      expect.arrayContaining(deliveries.map(({ id }) => ({ deliveryId: id }))),
    );
    expect(jobs).toHaveLength(2);
    const order = await shop.store.read
      .selectFrom("orders")
      .select("workflow_id")
      .where("id", "=", orderId)
      .executeTakeFirstOrThrow();
    for (const job of jobs) expect(job).toMatchObject({ workflowId: order.workflow_id, detached: true });
  });

  it("tells type, time and the order, and nothing of our workings", async () => {
    await using shop = await openTestShop();
    await register(shop, "a");
    const orderId = await completeTestOrder(shop);
    const row = await shop.store.read
      .selectFrom("webhook_deliveries")
      .select("body")
      .executeTakeFirstOrThrow();
    const completedAt = new Date(shop.clock.now()).toISOString();
    expect(JSON.parse(row.body)).toEqual({
      type: "order.completed",
      timestamp: completedAt,
      data: {
        id: orderId,
        userId: "u1",
        email: "u1@example.com",
        status: "completed",
        currency: "USD",
        totalCents: 17_998,
        items: [{ productId: "prod-1", name: "Mechanical Keyboard", quantity: 2, priceCents: 8_999 }],
        createdAt: completedAt,
        completedAt,
      },
    });
  });

  it("asked for again adds nothing", async () => {
    await using shop = await openTestShop();
    await register(shop, "a");
    const orderId = await completeTestOrder(shop);
    const before = await deliveriesOf(shop);
    shop.clock.advance(5_000);
    await shop.store.transaction((tx) => enqueueOrderWebhooks(tx, shop.queue, orderId));
    expect(await deliveriesOf(shop)).toEqual(before);
    expect(await jobsOf(shop)).toHaveLength(1);
  });

  it("that does not commit leaves neither delivery nor job", async () => {
    await using shop = await openTestShop();
    const orderId = await completeTestOrder(shop);
    await register(shop, "a");
    const rollback = shop.store.transaction(async (tx) => {
      await enqueueOrderWebhooks(tx, shop.queue, orderId);
      throw new Error("changed our mind");
    });
    await expect(rollback).rejects.toThrow("changed our mind");
    expect(await deliveriesOf(shop)).toEqual([]);
    expect(await jobsOf(shop)).toEqual([]);
  });

  it("with nobody listening adds nothing", async () => {
    await using shop = await openTestShop();
    await completeTestOrder(shop);
    expect(await jobsOf(shop)).toEqual([]);
  });
});
