import { describe, expect, it } from "vitest";
import { recordInventory, recordInvoice } from "../../src/orders/complete-order.ts";
import { openOrder } from "../../src/orders/open-order.ts";
import { placeOrder, placeOrderLater } from "../../src/orders/place-order.ts";
import { reconcilePayments } from "../../src/orders/reconcile-payments.ts";
import { settlePayment } from "../../src/orders/settle-payment.ts";
import { keyboards, openTestShop, type TestShop } from "../open-test-shop.ts";

const idempotencyKey = { caller: "", key: "k-1" };
const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

async function countOrders({ store }: TestShop): Promise<number> {
  return (await store.read.selectFrom("orders").select("id").execute()).length;
}

describe("an order with an idempotency key", () => {
  it("Money: the same key fifty times at once, from two processes, is one order and one charge", async () => {
    await using shop = await openTestShop();
    await using other = await openTestShop({ beside: shop });
    const place = (i: number) => placeOrder(i % 2 ? shop : other, keyboards(1), { idempotencyKey });
    const results = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => place(i)));
    const orders = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const refusals = results.flatMap((result) => (result.status === "rejected" ? [result.reason.code] : []));
    expect(new Set(orders.map((order) => JSON.stringify(order))).size).toBe(1);
    expect(new Set(refusals)).toEqual(refusals.length ? new Set(["IDEMPOTENCY_KEY_IN_USE"]) : new Set());
    expect(await place(1)).toEqual(orders[0]);
    expect(await countOrders(shop)).toBe(1);
    expect(await shop.store.read.selectFrom("simulated_charges").selectAll().execute()).toHaveLength(1);
    expect(await shop.stockOf("prod-1")).toEqual([50, 1]);
    expect(await shop.jobTypes()).toEqual(["send_followup_email (scheduled)", "send_order_confirmation"]);
  });

  it.each(["tok_visa", "tok_declined", "tok_error", "tok_timeout"])(
    "is answered the same again with %s, whatever becomes of the order meanwhile",
    async (token) => {
      await using shop = await openTestShop();
      const first = await placeOrder(shop, keyboards(1, token), { idempotencyKey });
      shop.clock.advance(2 * HOUR_MS);
      await reconcilePayments(shop, signal);
      expect(await placeOrder(shop, keyboards(1, token), { idempotencyKey })).toEqual(first);
      expect(await countOrders(shop)).toBe(1);
    },
  );

  it("is refused for another order, and for another caller it is another key", async () => {
    await using shop = await openTestShop();
    await placeOrder(shop, keyboards(1), { idempotencyKey });
    await expect(placeOrder(shop, keyboards(2), { idempotencyKey })).rejects.toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
    });
    await placeOrder(shop, keyboards(2), { idempotencyKey: { caller: "partner", key: "k-1" } });
    expect(await countOrders(shop)).toBe(2);
  });

  it("is free again after a day, and expired keys are cleared away", async () => {
    await using shop = await openTestShop();
    const first = await placeOrder(shop, keyboards(1), { idempotencyKey });
    await placeOrder(shop, keyboards(1), { idempotencyKey: { caller: "", key: "k-2" } });
    shop.clock.advance(24 * HOUR_MS - 1);
    expect(await placeOrder(shop, keyboards(1), { idempotencyKey })).toEqual(first);
    shop.clock.advance(1);
    expect(await placeOrder(shop, keyboards(2), { idempotencyKey })).not.toMatchObject({ id: first.id });
    const keys = await shop.store.read.selectFrom("order_idempotency_keys").select("key").execute();
    expect(keys).toEqual([{ key: "k-1" }]);
  });

  it("clears away a few expired keys at a time, so that no order pays for all", async () => {
    await using shop = await openTestShop();
    const place = (key: string) => placeOrder(shop, keyboards(1), { idempotencyKey: { caller: "", key } });
    for (let n = 0; n < 12; n++) await place(`old-${n}`);
    shop.clock.advance(24 * HOUR_MS);
    await place("new");
    const keys = await shop.store.read.selectFrom("order_idempotency_keys").select("key").execute();
    expect(keys).toHaveLength(12 - 5 + 1);
  });

  it("is not used up by an order that was refused before it was stored", async () => {
    await using shop = await openTestShop();
    await expect(placeOrder(shop, keyboards(51), { idempotencyKey })).rejects.toMatchObject({
      code: "OUT_OF_STOCK",
    });
    expect((await placeOrder(shop, keyboards(5), { idempotencyKey })).status).toBe("paid");
  });

  it("Money: a repeat after a crash in the charge waits for the reconciler, then is answered for good", async () => {
    await using shop = await openTestShop();
    const opened = await openOrder(shop, keyboards(1), { idempotencyKey });
    if (!("charge" in opened)) throw new Error("the key was free");
    await shop.payments.charge(opened.charge); // … and here the process dies.

    const repeat = () => placeOrder(shop, keyboards(1), { idempotencyKey });
    await expect(repeat()).rejects.toMatchObject({ code: "IDEMPOTENCY_KEY_IN_USE" });
    shop.clock.advance(60_000);
    await reconcilePayments(shop, signal);
    const answer = await repeat();
    expect(answer).toMatchObject({ id: opened.order.id, status: "paid" });
    await shop.store.transaction(async ({ sql }) => {
      await sql.updateTable("orders").set({ status: "completed" }).execute();
    });
    expect(await repeat()).toEqual(answer);
    expect(await shop.store.read.selectFrom("simulated_charges").selectAll().execute()).toHaveLength(1);
  });

  it("after a crash is answered as the first request would have been, though the order is complete", async () => {
    await using shop = await openTestShop();
    const opened = await openOrder(shop, keyboards(1), { idempotencyKey });
    if (!("charge" in opened)) throw new Error("the key was free");
    await shop.payments.charge(opened.charge);
    shop.clock.advance(60_000);
    await reconcilePayments(shop, signal);
    await shop.store.transaction(async (tx) => {
      await recordInvoice(tx, shop, opened.order.id);
      await recordInventory(tx, shop, opened.order.id);
    });
    expect(await placeOrder(shop, keyboards(1), { idempotencyKey })).toMatchObject({ status: "paid" });
  });

  it("is answered at once when the charge is left to a job", async () => {
    await using shop = await openTestShop();
    const place = () => placeOrderLater(shop, keyboards(1), { idempotencyKey });
    const first = await place();
    expect(first.status).toBe("pending");
    expect(await place()).toEqual(first);
    await shop.store.transaction(async (tx) => {
      await settlePayment(tx, shop, first.id, { kind: "succeeded", chargeId: "ch" });
    });
    expect(await place()).toEqual(first);
    expect(await shop.jobTypes()).toContain("process_order");
    expect(await countOrders(shop)).toBe(1);
  });
});
