import { describe, expect, it } from "vitest";
import { type OpenedOrder, openOrder } from "../../src/orders/open-order.ts";
import { readOrder } from "../../src/orders/order-view.ts";
import { placeOrder, placeOrderLater } from "../../src/orders/place-order.ts";
import { processOrder } from "../../src/orders/process-order.ts";
import { reconcilePayments } from "../../src/orders/reconcile-payments.ts";
import { settlePayment } from "../../src/orders/settle-payment.ts";
import { gatherEffects } from "../gather-effects.ts";
import { intentOf, keyboards, openTestShop, type TestShop } from "../open-test-shop.ts";

const MINUTE_MS = 60_000;
const signal = new AbortController().signal;
const firstJobs = ["send_followup_email (scheduled)", "send_order_confirmation"];

/** The state that a process leaves which dies between the two transactions. */
async function open(shop: TestShop, token = "tok_visa"): Promise<OpenedOrder> {
  const opened = await openOrder(shop, keyboards(3, token), {});
  if (!("charge" in opened)) throw new Error("an order without a key is always new");
  return opened;
}

const statusOf = async (shop: TestShop, orderId: string) => (await readOrder(shop.store, orderId))?.status;
const chargesOf = ({ store }: TestShop) => store.read.selectFrom("simulated_charges").selectAll().execute();

/** Counts what a gateway is asked to do. */
async function openCountingShop() {
  const asked = { charge: 0, find: 0, refund: 0 };
  const shop = await openTestShop({
    payments: (gateway) => ({
      charge: (request) => (asked.charge++, gateway.charge(request)),
      find: (key) => (asked.find++, gateway.find(key)),
      refund: (key) => (asked.refund++, gateway.refund(key)),
    }),
  });
  return { ...shop, asked };
}

describe("reconciling payments", () => {
  it("Money: a charge whose process died is found and its order paid, with its jobs, never charged again", async () => {
    await using shop = await openCountingShop();
    const { order, charge } = await open(shop);
    await shop.payments.charge(charge);
    shop.clock.advance(MINUTE_MS);
    expect(await reconcilePayments(shop, signal)).toEqual({ checked: 1, unanswered: 0 });
    expect(await statusOf(shop, order.id)).toBe("paid");
    expect(await shop.jobTypes()).toEqual(firstJobs);
    expect(await shop.stockOf("prod-1")).toEqual([50, 3]);
    expect(await reconcilePayments(shop, signal)).toEqual({ checked: 0, unanswered: 0 });
    expect(shop.asked).toEqual({ charge: 1, find: 1, refund: 0 });
  });

  it("Money: an order whose process died before the charge is cancelled and gives its stock back", async () => {
    await using shop = await openTestShop();
    const { order } = await open(shop);
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("cancelled");
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
    expect(await shop.jobTypes()).toEqual([]);
  });

  it("a declined charge whose process died gives its stock back", async () => {
    await using shop = await openTestShop();
    const { order, charge } = await open(shop, "tok_declined");
    await shop.payments.charge(charge);
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("payment_failed");
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
  });

  it("R22: closes payment_unknown", async () => {
    await using shop = await openTestShop();
    const order = await placeOrder(shop, keyboards(1, "tok_timeout"));
    expect(order.status).toBe("payment_unknown");
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("paid");
    expect(await shop.jobTypes()).toEqual(firstJobs);
    expect(await chargesOf(shop)).toHaveLength(1);
  });

  it("leaves a payment alone that may still be on its way", async () => {
    await using shop = await openTestShop();
    await open(shop);
    shop.clock.advance(MINUTE_MS - 1);
    expect(await reconcilePayments(shop, signal)).toEqual({ checked: 0, unanswered: 0 });
  });

  it("two reconcilers and the request itself settle an order once", async () => {
    await using shop = await openTestShop();
    await using other = await openTestShop({ beside: shop });
    const { order, charge } = await open(shop);
    const outcome = await shop.payments.charge(charge);
    shop.clock.advance(MINUTE_MS);
    await Promise.all([
      reconcilePayments(shop, signal),
      reconcilePayments(other, signal),
      shop.store.transaction((tx) => settlePayment(tx, shop, order.id, outcome)),
    ]);
    expect(await statusOf(shop, order.id)).toBe("paid");
    expect(await shop.jobTypes()).toEqual(firstJobs);
    expect(await shop.stockOf("prod-1")).toEqual([50, 3]);
  });

  it("asks a gateway that gives no answer ever more rarely, and closes the order once it does", async () => {
    let silent = true;
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        find: async (key) => (silent ? { kind: "unknown", reason: "out of order" } : await gateway.find(key)),
      }),
    });
    const order = await placeOrder(shop, keyboards(1, "tok_timeout"));
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { check_at } = await intentOf(shop, order.id);
      waits.push((check_at! - shop.clock.now()) / MINUTE_MS);
      shop.clock.advance(check_at! - shop.clock.now());
      expect(await reconcilePayments(shop, signal)).toEqual({ checked: 1, unanswered: 1 });
      expect(await statusOf(shop, order.id)).toBe("payment_unknown");
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(await shop.stockOf("prod-1")).toEqual([50, 1]);
    silent = false;
    shop.clock.advance(60 * MINUTE_MS);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("paid");
  });

  it("does not ask a silent gateway about every order", async () => {
    let asked = 0;
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        find: async () => (asked++, { kind: "unknown", reason: "down" }),
      }),
    });
    for (let i = 0; i < 25; i++) await openOrder(shop, keyboards(1), {});
    shop.clock.advance(MINUTE_MS);
    expect(await reconcilePayments(shop, signal)).toEqual({ checked: 10, unanswered: 10 });
    expect(asked).toBe(10);
  });

  it("works through a backlog of any length in one run", async () => {
    await using shop = await openTestShop();
    for (let i = 0; i < 25; i++) await openOrder(shop, keyboards(1), {});
    shop.clock.advance(MINUTE_MS);
    expect(await reconcilePayments(shop, signal)).toEqual({ checked: 25, unanswered: 0 });
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
  });

  it("stops when it is told to", async () => {
    await using shop = await openTestShop();
    await open(shop);
    shop.clock.advance(MINUTE_MS);
    expect(await reconcilePayments(shop, AbortSignal.abort())).toEqual({ checked: 0, unanswered: 0 });
  });

  it("Money: a charge that lands after its order was given up is given back, though nobody reported it", async () => {
    await using shop = await openCountingShop();
    const { order, charge } = await open(shop);
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("cancelled");
    // The process had only been stopped; it goes on, charges, and dies before it can write that down.
    await shop.payments.charge(charge);
    shop.clock.advance(60 * MINUTE_MS);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("refunded");
    expect(await chargesOf(shop)).toMatchObject([{ is_refunded: 1 }]);
    expect(await intentOf(shop, order.id)).toMatchObject({ status: "refunded", check_at: null });
    expect(shop.asked).toMatchObject({ charge: 1, refund: 1 });
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
    expect(await shop.jobTypes()).toEqual([]);
  });

  it("Money: a charge reported after its order was given up is given back, however often that takes", async () => {
    let refunds = 0;
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        refund: async (key) => (++refunds < 3 ? false : await gateway.refund(key)),
      }),
    });
    const { order, charge } = await open(shop);
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    const late = await shop.payments.charge(charge);
    expect(await shop.store.transaction((tx) => settlePayment(tx, shop, order.id, late))).toBe("cancelled");
    for (let i = 0; i < 3; i++) {
      await reconcilePayments(shop, signal);
      shop.clock.advance(60 * MINUTE_MS);
    }
    expect(refunds).toBe(3);
    expect(await statusOf(shop, order.id)).toBe("refunded");
  });

  it("looks at a given-up payment once more and then never again", async () => {
    await using shop = await openCountingShop();
    await open(shop);
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    shop.clock.advance(60 * MINUTE_MS);
    await reconcilePayments(shop, signal);
    shop.clock.advance(1_000 * MINUTE_MS);
    await reconcilePayments(shop, signal);
    expect(shop.asked).toMatchObject({ find: 2 });
  });

  it("leaves an order to its process_order job for an hour, then gives it up", async () => {
    await using shop = await openTestShop();
    const order = await placeOrderLater(shop, keyboards(1));
    shop.clock.advance(60 * MINUTE_MS - 1);
    expect(await reconcilePayments(shop, signal)).toMatchObject({ checked: 0 });
    shop.clock.advance(1);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("cancelled");
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
  });

  it("Money: an order that its job takes in hand while the gateway is asked is not given up", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        async find(key) {
          const record = await gateway.find(key);
          asked.resolve();
          await answer.promise;
          return record;
        },
      }),
    });
    const order = await placeOrderLater(shop, keyboards(1));
    shop.clock.advance(60 * MINUTE_MS);
    const reconciling = reconcilePayments(shop, signal);
    await asked.promise;
    const run = gatherEffects(shop);
    await processOrder(shop, order.id, { attempt: 1, maxAttempts: 5, signal, ...run });
    answer.resolve();
    await reconciling;
    await run.commit();
    expect(await statusOf(shop, order.id)).toBe("paid");
    expect(await shop.stockOf("prod-1")).toEqual([50, 1]);
    expect(await chargesOf(shop)).toMatchObject([{ is_refunded: 0 }]);
  });

  it("leaves an order whose worker died while charging to the next run of its job, for five minutes", async () => {
    await using shop = await openTestShop({
      payments: (gateway) => ({ ...gateway, charge: () => Promise.reject(new Error("the worker died")) }),
    });
    const order = await placeOrderLater(shop, keyboards(1));
    const run = { attempt: 1, maxAttempts: 5, signal, onCommit: () => undefined };
    await expect(processOrder(shop, order.id, run)).rejects.toThrow("the worker died");
    shop.clock.advance(5 * MINUTE_MS - 1);
    expect(await reconcilePayments(shop, signal)).toMatchObject({ checked: 0 });
    shop.clock.advance(1);
    await reconcilePayments(shop, signal);
    expect(await statusOf(shop, order.id)).toBe("cancelled");
  });

  it("a look that its worker's stop cuts short says nothing about the payment", async () => {
    const stop = new AbortController();
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        async find() {
          stop.abort(new Error("the worker stops"));
          return { kind: "unknown", reason: "stopped" };
        },
      }),
    });
    const { order } = await open(shop);
    const before = await intentOf(shop, order.id);
    shop.clock.advance(MINUTE_MS);
    await expect(reconcilePayments(shop, stop.signal)).rejects.toThrow("the worker stops");
    expect(await statusOf(shop, order.id)).toBe("pending");
    expect(await intentOf(shop, order.id)).toEqual(before);
  });

  it("a refund that another reconciler has made is not looked at again", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    let refunds = 0;
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        async refund(key) {
          if (++refunds > 1) return await gateway.refund(key);
          asked.resolve();
          await answer.promise;
          return false;
        },
      }),
    });
    const { order, charge } = await open(shop);
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    const late = await shop.payments.charge(charge);
    await shop.store.transaction((tx) => settlePayment(tx, shop, order.id, late));
    const slow = reconcilePayments(shop, signal);
    await asked.promise;
    await reconcilePayments(shop, signal);
    answer.resolve();
    await slow;
    expect(await intentOf(shop, order.id)).toMatchObject({ status: "refunded", check_at: null });
  });

  it("a refund that its worker's stop cuts short is not put off", async () => {
    const stop = new AbortController();
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        async refund() {
          stop.abort(new Error("the worker stops"));
          return false;
        },
      }),
    });
    const { order, charge } = await open(shop);
    shop.clock.advance(MINUTE_MS);
    await reconcilePayments(shop, signal);
    const late = await shop.payments.charge(charge);
    await shop.store.transaction((tx) => settlePayment(tx, shop, order.id, late));
    const due = await intentOf(shop, order.id);
    await expect(reconcilePayments(shop, stop.signal)).rejects.toThrow("the worker stops");
    expect(await intentOf(shop, order.id)).toEqual(due);
  });

  it("finds open payments by a seek, not by reading all", async () => {
    await using shop = await openTestShop();
    const { sql } = await import("kysely");
    const { rows } = await sql<{ detail: string }>`EXPLAIN QUERY PLAN
      SELECT order_id FROM payment_intents WHERE check_at <= 1 ORDER BY check_at LIMIT 10`.execute(
      shop.store.read,
    );
    expect(rows.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH payment_intents USING INDEX payment_intents_to_check/),
    ]);
  });
});
