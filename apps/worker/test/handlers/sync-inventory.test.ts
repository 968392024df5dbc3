import { expect, it } from "vitest";
import { hinderUpdates } from "../hinder.ts";
import { openTestWorker, type TestWorker } from "../open-test-worker.ts";
import { startReceiver } from "../start-receiver.ts";

const stock = ({ shop }: TestWorker) =>
  shop.store.read
    .selectFrom("products")
    .select(["stock", "reserved"])
    .where("id", "=", "prod-1")
    .executeTakeFirstOrThrow();

it("R24: an inventory service is asked with one key until it confirms, then stock and warehouse follow", async () => {
  const service = await startReceiver();
  service.status = 503;
  const test = await openTestWorker({ variables: { INVENTORY_URL: service.url } });
  const orderId = await test.order();
  await test.reaches("sync_inventory", "scheduled");
  expect(await stock(test)).toEqual({ stock: 50, reserved: 2 });

  service.status = 200;
  test.clock.advance(60_000);
  await test.reaches("notify_warehouse", "completed");
  expect(await stock(test)).toEqual({ stock: 48, reserved: 0 });
  expect(service.bodies).toEqual(Array(2).fill({ orderId, lines: [{ productId: "prod-1", quantity: 2 }] }));
  const keys = service.headers.map((headers) => headers["idempotency-key"]);
  expect(keys).toEqual([expect.stringMatching(/./), keys[0]]);
});

it("R7: a withdrawal that was confirmed is not asked for again when recording it failed", async () => {
  const service = await startReceiver();
  const test = await openTestWorker({ variables: { INVENTORY_URL: service.url } });
  const allow = await hinderUpdates(test.shop.store, "orders", "inventory_synced_at");
  await test.order();
  await test.reaches("sync_inventory", "scheduled");
  await allow();
  test.clock.advance(60_000);
  expect(await test.reaches("sync_inventory", "completed")).toMatchObject({ attempts: 2 });
  expect(service.bodies).toHaveLength(1);
  expect(await stock(test)).toEqual({ stock: 48, reserved: 0 });
});

it("R23: refused for good it is given up at once, and the warehouse is not told", async () => {
  const service = await startReceiver();
  service.status = 422;
  const test = await openTestWorker({ variables: { INVENTORY_URL: service.url } });
  await test.order();
  expect(await test.dies("sync_inventory")).toMatchObject({ reason: "not_retryable", attempts: 1 });
  expect(await test.jobsOf("notify_warehouse")).toEqual([]);
});
