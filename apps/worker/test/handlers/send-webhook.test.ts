import {
  listWebhookDeliveries,
  listWebhookEndpoints,
  registerWebhookEndpoint,
} from "@holdfast/services/webhooks";
import { expect, it } from "vitest";
import { hinderUpdates } from "../hinder.ts";
import { openTestWorker, type TestWorker, type TestWorkerOptions } from "../open-test-worker.ts";
import { type Receiver, startReceiver } from "../start-receiver.ts";

async function orderWithReceiver(
  status: number,
  options: TestWorkerOptions = {},
): Promise<TestWorker & { readonly receiver: Receiver }> {
  const receiver = await startReceiver();
  receiver.status = status;
  const test = await openTestWorker(options);
  await registerWebhookEndpoint(test.shop, { requireHttps: false, allowPrivate: true }, receiver.url);
  await test.order();
  return { ...test, receiver };
}

const deliveries = async ({ shop }: TestWorker) => (await listWebhookDeliveries(shop, { limit: 10 })).items;

it("R25: a receiver that is down is tried again, under the same event id", async () => {
  const test = await orderWithReceiver(500);
  expect(await test.reaches("send_webhook", "scheduled")).toMatchObject({
    attempts: 1,
    lastError: expect.stringContaining("it answered 500"),
  });
  expect(await deliveries(test)).toMatchObject([{ status: "pending", attempts: 1, lastStatusCode: 500 }]);
  test.receiver.status = 200;
  test.clock.advance(60_000);
  expect(await test.reaches("send_webhook", "completed")).toMatchObject({ result: { end: "delivered" } });
  expect(await deliveries(test)).toMatchObject([{ status: "delivered", attempts: 2, lastStatusCode: 200 }]);
  const ids = test.receiver.headers.map((headers) => headers["webhook-id"]);
  expect(ids).toEqual([expect.stringMatching(/^evt-/), ids[0]]);
});

it("R7: a webhook that was taken is not sent again when recording it failed", async () => {
  const receiver = await startReceiver();
  const test = await openTestWorker();
  const allow = await hinderUpdates(test.shop.store, "webhook_deliveries", "delivered_at");
  await registerWebhookEndpoint(test.shop, { requireHttps: false, allowPrivate: true }, receiver.url);
  await test.order();
  await test.reaches("send_webhook", "scheduled");
  await allow();
  test.clock.advance(60_000);
  await test.reaches("send_webhook", "completed");
  expect(receiver.bodies).toHaveLength(1);
  expect(await deliveries(test)).toMatchObject([{ status: "delivered", lastStatusCode: 200 }]);
});

it("R25: a receiver that answers 410 gets nothing any more, and leaves no dead letter", async () => {
  const test = await orderWithReceiver(410);
  await test.reaches("send_webhook", "cancelled");
  expect(await deliveries(test)).toMatchObject([{ status: "failed", lastStatusCode: 410 }]);
  expect(await listWebhookEndpoints(test.shop)).toMatchObject([{ isActive: false }]);
  expect((await test.shop.store.listDeadLetters({ limit: 10 })).items).toEqual([]);
});

it("R25: a private address, where that is not allowed, is given up at once without a connection", async () => {
  const test = await orderWithReceiver(200, { variables: { WEBHOOK_ALLOW_PRIVATE: "0" } });
  expect(await test.dies("send_webhook")).toMatchObject({ reason: "not_retryable", attempts: 1 });
  expect(test.receiver.bodies).toEqual([]);
  expect(await deliveries(test)).toMatchObject([{ status: "failed" }]);
});
