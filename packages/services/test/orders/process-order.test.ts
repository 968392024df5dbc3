import { describe, expect, it } from "vitest";
import { readOrder } from "../../src/orders/order-view.ts";
import { placeOrder, placeOrderLater } from "../../src/orders/place-order.ts";
import { type ProcessRun, processOrder } from "../../src/orders/process-order.ts";
import { reconcilePayments } from "../../src/orders/reconcile-payments.ts";
import { settlePayment } from "../../src/orders/settle-payment.ts";
import { type GatheredEffects, gatherEffects } from "../gather-effects.ts";
import { intentOf, keyboards, openTestShop, type TestShop } from "../open-test-shop.ts";

const signal = new AbortController().signal;
const statusOf = async (shop: TestShop, orderId: string) => (await readOrder(shop.store, orderId))?.status;

/** A run of the job. */
function runOf(shop: TestShop, attempt = 1): ProcessRun & GatheredEffects {
  return { attempt, maxAttempts: 3, signal, ...gatherEffects(shop) };
}

describe("payment as a job", () => {
  it("R23: the order waits for its job, with stock but without a charge", async () => {
    await using shop = await openTestShop();
    const order = await placeOrderLater(shop, keyboards(2));
    expect(order.status).toBe("pending");
    expect(await shop.jobTypes()).toEqual(["process_order"]);
    expect((await shop.store.workflowJobs(order.workflowId)).map(({ payload }) => payload)).toEqual([
      { orderId: order.id, userId: "u1" },
    ]);
    expect(await intentOf(shop, order.id)).toMatchObject({ status: "queued", token: "tok_visa" });
    expect(await shop.stockOf("prod-1")).toEqual([50, 2]);
  });

  it("R23: outcome and first jobs commit with the job, or not at all", async () => {
    await using shop = await openTestShop();
    const order = await placeOrderLater(shop, keyboards(2));
    const run = runOf(shop);
    expect(await processOrder(shop, order.id, run)).toBe("succeeded");
    expect(await statusOf(shop, order.id)).toBe("pending");
    await run.commit();
    expect(await statusOf(shop, order.id)).toBe("paid");
    expect(await shop.jobTypes()).toEqual([
      "process_order",
      "send_followup_email (scheduled)",
      "send_order_confirmation",
    ]);
    expect(await intentOf(shop, order.id)).toMatchObject({
      status: "succeeded",
      token: null,
      check_at: null,
    });
  });

  it("Money: a run that dies after the charge is repeated without a second one", async () => {
    await using shop = await openTestShop();
    const order = await placeOrderLater(shop, keyboards(2));
    await processOrder(shop, order.id, runOf(shop));
    const second = runOf(shop);
    expect(await processOrder(shop, order.id, second)).toBe("succeeded");
    await second.commit();
    expect(await statusOf(shop, order.id)).toBe("paid");
    expect(await shop.store.read.selectFrom("simulated_charges").selectAll().execute()).toHaveLength(1);
  });

  it.each([
    ["tok_declined", "declined", "payment_failed", [50, 0]],
    ["tok_timeout", "unknown", "payment_unknown", [50, 2]],
  ] as const)(
    "R22: with %s the job ends as %s and the order as %s",
    async (token, outcome, status, stock) => {
      await using shop = await openTestShop();
      const order = await placeOrderLater(shop, keyboards(2, token));
      const run = runOf(shop);
      expect(await processOrder(shop, order.id, run)).toBe(outcome);
      await run.commit();
      expect(await statusOf(shop, order.id)).toBe(status);
      expect(await shop.stockOf("prod-1")).toEqual(stock);
    },
  );

  it("tries again while the gateway takes nothing, and gives the order up with its last attempt", async () => {
    await using shop = await openTestShop();
    const order = await placeOrderLater(shop, keyboards(2, "tok_error"));
    for (const attempt of [1, 2]) {
      await expect(processOrder(shop, order.id, runOf(shop, attempt))).rejects.toMatchObject({
        code: "PAYMENT_UNAVAILABLE",
      });
      expect(await intentOf(shop, order.id)).toMatchObject({
        status: "queued",
        check_at: shop.clock.now() + 3_600_000,
      });
    }
    const last = runOf(shop, 3);
    expect(await processOrder(shop, order.id, last)).toBe("unavailable");
    await last.commit();
    expect(await statusOf(shop, order.id)).toBe("cancelled");
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
  });

  it.each(["unavailable", "unknown"] as const)(
    "Money: a charge that its worker's stop cut short (%s) is left to the next run, under the same key",
    async (kind) => {
      const stop = new AbortController();
      await using shop = await openTestShop({
        payments: (gateway) => ({
          ...gateway,
          async charge(request) {
            if (stop.signal.aborted) return await gateway.charge(request);
            stop.abort(new Error("the worker stops"));
            return { kind, reason: "stopped" };
          },
        }),
      });
      const order = await placeOrderLater(shop, keyboards(2));
      const cut = { ...runOf(shop, 3), signal: stop.signal };
      await expect(processOrder(shop, order.id, cut)).rejects.toThrow("the worker stops");
      expect(await intentOf(shop, order.id)).toMatchObject({ status: "charging", token: "tok_visa" });
      const next = runOf(shop, 3);
      expect(await processOrder(shop, order.id, next)).toBe("succeeded");
      await next.commit();
      expect(await statusOf(shop, order.id)).toBe("paid");
    },
  );

  it("puts no payment back into the queue that was decided while the gateway refused it", async () => {
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        async charge({ key }) {
          const orderId = key.replace("charge-", "");
          await shop.store.transaction((tx) => settlePayment(tx, shop, orderId, { kind: "none" }));
          return { kind: "unavailable", reason: "out of order" };
        },
      }),
    });
    const order = await placeOrderLater(shop, keyboards(1));
    await expect(processOrder(shop, order.id, runOf(shop))).rejects.toThrow("out of order");
    expect(await intentOf(shop, order.id)).toMatchObject({ status: "abandoned" });
  });

  it("charges nothing for an order that was decided before, or that its request is charging for", async () => {
    let charges = 0;
    await using shop = await openTestShop({
      payments: (gateway) => ({ ...gateway, charge: (request) => (charges++, gateway.charge(request)) }),
    });
    const paid = await placeOrder(shop, keyboards(1));
    expect(await processOrder(shop, paid.id, runOf(shop))).toBe("paid");
    const late = await placeOrderLater(shop, keyboards(1));
    shop.clock.advance(3_600_000);
    await reconcilePayments(shop, signal);
    expect(await processOrder(shop, late.id, runOf(shop))).toBe("cancelled");
    expect(charges).toBe(1);
  });

  it("says so if there is no such order", async () => {
    await using shop = await openTestShop();
    await expect(processOrder(shop, "ord-0", runOf(shop))).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
  });
});
