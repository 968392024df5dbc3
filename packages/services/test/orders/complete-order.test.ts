import { describe, expect, it } from "vitest";
import { recordInventory, recordInvoice } from "../../src/orders/complete-order.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import { keyboards, openTestShop, type TestShop } from "../open-test-shop.ts";

const orderOf = ({ store }: TestShop, orderId: string) =>
  store.read.selectFrom("orders").selectAll().where("id", "=", orderId).executeTakeFirstOrThrow();

const webhooksOf = async (shop: TestShop) =>
  (await shop.jobTypes()).filter((type) => type === "send_webhook");

async function listen({ store }: TestShop, ...ids: string[]): Promise<void> {
  await store.transaction(async ({ sql }) => {
    const endpoints = ids.map((id) => ({ id, url: `https://${id}.test/`, secret: "s", created_at: 0 }));
    await sql.insertInto("webhook_endpoints").values(endpoints).execute();
  });
}

describe("completing an order", () => {
  const record = { recordInvoice, recordInventory };

  it.each([
    ["recordInvoice", "recordInventory"],
    ["recordInventory", "recordInvoice"],
  ] as const)(
    "R23: %s first, then %s: the second completes it and enqueues the webhooks",
    async (first, second) => {
      await using shop = await openTestShop();
      await listen(shop, "a", "b");
      const { id } = await placeOrder(shop, keyboards(2));
      await shop.store.transaction((tx) => record[first](tx, shop, id));
      expect((await orderOf(shop, id)).status).toBe("paid");
      expect(await webhooksOf(shop)).toEqual([]);
      shop.clock.advance(1_000);
      await shop.store.transaction((tx) => record[second](tx, shop, id));
      expect(await orderOf(shop, id)).toMatchObject({ status: "completed", completed_at: shop.clock.now() });
      expect(await webhooksOf(shop)).toEqual(["send_webhook", "send_webhook"]);
    },
  );

  it("R23: two steps that end together in two processes complete the order once", async () => {
    await using shop = await openTestShop();
    await using other = await openTestShop({ beside: shop });
    await listen(shop, "a");
    const { id } = await placeOrder(shop, keyboards(2));
    await Promise.all([
      shop.store.transaction((tx) => recordInvoice(tx, shop, id)),
      other.store.transaction((tx) => recordInventory(tx, other, id)),
      other.store.transaction((tx) => recordInvoice(tx, other, id)),
      shop.store.transaction((tx) => recordInventory(tx, shop, id)),
    ]);
    expect((await orderOf(shop, id)).status).toBe("completed");
    expect(await webhooksOf(shop)).toEqual(["send_webhook"]);
    expect(await shop.stockOf("prod-1")).toEqual([48, 0]);
  });

  it("R23: stock and reservation go down together, once per order", async () => {
    await using shop = await openTestShop();
    const { id } = await placeOrder(shop, keyboards(2));
    expect(await shop.stockOf("prod-1")).toEqual([50, 2]);
    for (let i = 0; i < 3; i++) await shop.store.transaction((tx) => recordInventory(tx, shop, id));
    expect(await shop.stockOf("prod-1")).toEqual([48, 0]);
  });

  it("an order that was never paid takes no steps", async () => {
    await using shop = await openTestShop();
    const { id } = await placeOrder(shop, keyboards(2, "tok_timeout"));
    await shop.store.transaction((tx) => recordInventory(tx, shop, id));
    await shop.store.transaction((tx) => recordInvoice(tx, shop, id));
    expect(await orderOf(shop, id)).toMatchObject({ status: "payment_unknown", invoiced_at: null });
    expect(await shop.stockOf("prod-1")).toEqual([50, 2]);
  });

  it("a step whose transaction is rolled back has left nothing", async () => {
    await using shop = await openTestShop();
    await listen(shop, "a");
    const { id } = await placeOrder(shop, keyboards(2));
    await shop.store.transaction((tx) => recordInvoice(tx, shop, id));
    const lost = shop.store.transaction(async (tx) => {
      await recordInventory(tx, shop, id);
      throw new Error("the lease is lost");
    });
    await expect(lost).rejects.toThrow("the lease is lost");
    expect(await orderOf(shop, id)).toMatchObject({ status: "paid", inventory_synced_at: null });
    expect(await shop.stockOf("prod-1")).toEqual([50, 2]);
    expect(await webhooksOf(shop)).toEqual([]);
  });
});
