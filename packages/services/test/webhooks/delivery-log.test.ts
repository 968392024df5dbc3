import { NonRetryableError } from "@holdfast/queue-core";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { listWebhookDeliveries, replayWebhookDelivery } from "../../src/webhooks/delivery-log.ts";
import { removeWebhookEndpoint } from "../../src/webhooks/endpoints.ts";
import { WebhookNotFoundError, WebhookPendingError } from "../../src/webhooks/webhook-errors.ts";
import { openTestShop, type TestShop } from "../open-test-shop.ts";
import { answerWith, startTestServer } from "../start-test-server.ts";
import { completeTestOrder } from "./complete-test-order.ts";
import { prepareDelivery } from "./test-delivery.ts";

const webhookJobs = async (shop: TestShop) =>
  (await shop.store.listJobs({ limit: 100, type: "send_webhook" })).items;

describe("R25: the delivery log", () => {
  it("is paged, newest first, without gaps or repeats", async () => {
    await using shop = await openTestShop();
    const { endpoint } = await prepareDelivery(shop, "https://a.example/");
    for (let n = 0; n < 6; n++) {
      shop.clock.advance(1_000);
      await completeTestOrder(shop);
    }
    const all = await listWebhookDeliveries(shop, { limit: 100 });
    expect(all.nextCursor).toBeNull();
    expect(all.items).toHaveLength(7);
    const times = all.items.map(({ createdAt }) => createdAt.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));

    const paged: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query = { endpointId: endpoint.id, limit: 3, ...(cursor === "" ? {} : { cursor }) };
      const page = await listWebhookDeliveries(shop, query);
      expect(page.items.length).toBeLessThanOrEqual(3);
      paged.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(all.items);
  });

  it("can be narrowed to a status and an endpoint", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(200, {}));
    const delivered = await prepareDelivery(shop, receiver.url);
    await delivered.attempt();
    await completeTestOrder(shop);
    const ids = async (query: object) =>
      (await listWebhookDeliveries(shop, { limit: 10, ...query })).items.map(({ id }) => id);
    expect(await ids({ status: "delivered" })).toEqual([delivered.id]);
    expect(await ids({ status: "pending" })).toHaveLength(1);
    expect(await ids({ status: "failed" })).toEqual([]);
    expect(await ids({ endpointId: delivered.endpoint.id })).toHaveLength(2);
    expect(await ids({ endpointId: "' OR 1=1 --" })).toEqual([]);
  });
});

it.each([
  ["everything", "", /^SCAN \w+ USING INDEX sqlite_autoindex_webhook_deliveries_1$/],
  [
    "one endpoint",
    "WHERE endpoint_id = 'a'",
    /USING INDEX webhook_deliveries_by_endpoint \(endpoint_id=\?\)$/,
  ],
  ["one status", "WHERE status = 'failed'", /USING INDEX webhook_deliveries_by_status \(status=\?\)$/],
])("a page of %s is read in its order, without sorting or skipping rows", async (_, where, plan) => {
  await using shop = await openTestShop();
  const { rows } = await sql<{ detail: string }>`EXPLAIN QUERY PLAN
    SELECT * FROM webhook_deliveries ${sql.raw(where)} ORDER BY id DESC LIMIT 3`.execute(shop.store.read);
  expect(rows.map(({ detail }) => detail)).toEqual([expect.stringMatching(plan)]);
});

describe("R25: a replay", () => {
  it("sends the same event again, under the same id", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(200, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    await delivery.attempt();
    const jobId = await replayWebhookDelivery(shop, delivery.id);
    expect(await delivery.logged()).toMatchObject({ status: "pending", deliveredAt: null });
    expect(await shop.store.getJob(jobId)).toMatchObject({
      type: "send_webhook",
      payload: { deliveryId: delivery.id },
      status: "pending",
    });
    await delivery.attempt();
    const [first, second] = receiver.seen;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(await delivery.logged()).toMatchObject({ status: "delivered", attempts: 2 });
  });

  it("of a delivery that is still being tried is refused", async () => {
    await using shop = await openTestShop();
    const delivery = await prepareDelivery(shop, "https://a.example/");
    await expect(replayWebhookDelivery(shop, delivery.id)).rejects.toBeInstanceOf(WebhookPendingError);
    expect(await webhookJobs(shop)).toHaveLength(1);
  });

  it("of a delivery whose job was cancelled or given up is accepted, whatever the log says", async () => {
    await using shop = await openTestShop();
    const delivery = await prepareDelivery(shop, "https://a.example/");
    const { jobId } = await delivery.logged();
    await shop.store.cancel(jobId!);
    expect(await delivery.logged()).toMatchObject({ status: "pending", attempts: 0 });
    const second = await replayWebhookDelivery(shop, delivery.id);
    expect(second).not.toBe(jobId);
    expect(await delivery.logged()).toMatchObject({ jobId: second });
    await expect(replayWebhookDelivery(shop, delivery.id)).rejects.toBeInstanceOf(WebhookPendingError);

    // As when the job takes its process down with it: no handler is left to write the log.
    const claimed = await shop.queue.dequeue("worker-1", { types: ["send_webhook"] });
    await shop.queue.failJob(claimed!, new NonRetryableError("worker died"));
    expect(await shop.store.getJob(second)).toMatchObject({ status: "failed" });
    expect(await replayWebhookDelivery(shop, delivery.id)).not.toBe(second);
  });

  it("asked for ten times at once happens once", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(500, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    await expect(delivery.attempt({ attempt: 10 })).rejects.toThrow("500");
    const replays = Array.from({ length: 10 }, () => replayWebhookDelivery(shop, delivery.id));
    const accepted = (await Promise.allSettled(replays)).filter(({ status }) => status === "fulfilled");
    expect(accepted).toHaveLength(1);
    expect(await webhookJobs(shop)).toHaveLength(2);
  });

  it("to a removed endpoint, or of no delivery, is refused", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(200, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    await delivery.attempt();
    await removeWebhookEndpoint(shop, delivery.endpoint.id);
    await expect(replayWebhookDelivery(shop, delivery.id)).rejects.toBeInstanceOf(WebhookNotFoundError);
    await expect(replayWebhookDelivery(shop, "whd-none")).rejects.toBeInstanceOf(WebhookNotFoundError);
  });
});
