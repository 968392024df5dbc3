import { describe, expect, it } from "vitest";
import { readOrderWithJobs } from "../../src/orders/order-view.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import { intentOf, keyboards, openTestShop } from "../open-test-shop.ts";

const DAY_MS = 86_400_000;

describe("placing an order", () => {
  it("R22: a paid order has its first jobs, and only those", async () => {
    await using shop = await openTestShop();
    const order = await placeOrder(shop, keyboards(2));
    expect(order).toMatchObject({
      userId: "u1",
      email: "u1@example.com",
      status: "paid",
      currency: "USD",
      totalCents: 17_998,
      items: [{ productId: "prod-1", name: "Mechanical Keyboard", quantity: 2, priceCents: 8_999 }],
      createdAt: "2026-01-01T00:00:00.000Z",
    });
    expect(await shop.stockOf("prod-1")).toEqual([50, 2]);

    const jobs = await shop.store.workflowJobs(order.workflowId);
    expect(jobs.map(({ type, payload, detached, status }) => ({ type, payload, detached, status }))).toEqual([
      {
        type: "send_order_confirmation",
        payload: { orderId: order.id, userId: "u1" },
        detached: false,
        status: "pending",
      },
      {
        type: "send_followup_email",
        payload: { orderId: order.id, userId: "u1" },
        detached: true,
        status: "scheduled",
      },
    ]);
    expect(jobs[1]!.scheduledAt.getTime() - jobs[1]!.createdAt.getTime()).toBe(DAY_MS);
    expect(await intentOf(shop, order.id)).toMatchObject({
      status: "succeeded",
      charge_id: "ch-a-1",
      amount_cents: 17_998,
      token: null,
      check_at: null,
    });
  });

  it("R22: items of one product are one line, priced from our table", async () => {
    await using shop = await openTestShop();
    const items = [
      { productId: "prod-2", quantity: 1 },
      { productId: "prod-1", quantity: 1 },
      { productId: "prod-2", quantity: 3 },
    ];
    const order = await placeOrder(shop, { ...keyboards(1), items });
    expect(order.items.map(({ productId, quantity }) => [productId, quantity])).toEqual([
      ["prod-2", 4],
      ["prod-1", 1],
    ]);
    expect(order.totalCents).toBe(4 * 3_499 + 8_999);
    expect(await shop.stockOf("prod-2")).toEqual([100, 4]);
  });

  it("R22: an unknown product is refused item by item and nothing is stored", async () => {
    await using shop = await openTestShop();
    const items = [
      { productId: "prod-9", quantity: 1 },
      { productId: "prod-1", quantity: 1 },
      { productId: "prod-9", quantity: 2 },
    ];
    await expect(placeOrder(shop, { ...keyboards(1), items })).rejects.toMatchObject({
      code: "ORDER_INVALID",
      issues: [
        { field: "items.0.productId", message: "There is no such product" },
        { field: "items.2.productId", message: "There is no such product" },
      ],
    });
    expect(await shop.store.read.selectFrom("orders").selectAll().execute()).toEqual([]);
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
  });

  it("R22: more than is left is refused as a whole, what is left of other products too", async () => {
    await using shop = await openTestShop();
    const items = [
      { productId: "prod-1", quantity: 5 },
      { productId: "prod-3", quantity: 26 },
    ];
    await expect(placeOrder(shop, { ...keyboards(1), items })).rejects.toMatchObject({
      code: "OUT_OF_STOCK",
      productIds: ["prod-3"],
    });
    expect(await shop.stockOf("prod-1")).toEqual([50, 0]);
    expect(await shop.jobTypes()).toEqual([]);
    expect(await shop.store.read.selectFrom("simulated_charges").selectAll().execute()).toEqual([]);
  });

  it.each([
    ["tok_declined", "payment_failed", "declined", [50, 0]],
    ["tok_error", "cancelled", "abandoned", [50, 0]],
    ["tok_timeout", "payment_unknown", "unknown", [50, 2]],
  ] as const)("R22: with %s the order becomes %s, without jobs", async (token, status, intent, stock) => {
    await using shop = await openTestShop();
    const order = await placeOrder(shop, keyboards(2, token));
    expect(order.status).toBe(status);
    expect(await readOrderWithJobs(shop, order.id)).toEqual({ ...order, jobs: [] });
    expect(await intentOf(shop, order.id)).toMatchObject({ status: intent });
    expect(await shop.stockOf("prod-1")).toEqual(stock);
    expect(await shop.jobTypes()).toEqual([]);
  });

  it("Money: nothing is enqueued and no transaction is open while the charge is on its way", async () => {
    const charging = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        async charge(request) {
          charging.resolve();
          await answered.promise;
          return await gateway.charge(request);
        },
      }),
    });
    const placing = placeOrder(shop, keyboards(1));
    await charging.promise;
    const [open] = await shop.store.read.selectFrom("orders").select(["id", "status"]).execute();
    expect(open?.status).toBe("pending");
    expect(await intentOf(shop, open!.id)).toMatchObject({
      status: "charging",
      charge_id: null,
      token: null,
    });
    expect(await shop.stockOf("prod-1")).toEqual([50, 1]);
    expect(await shop.jobTypes()).toEqual([]);
    // Somebody else can write meanwhile.
    await shop.queue.enqueue("reconcile_payments", {});
    answered.resolve();
    expect((await placing).status).toBe("paid");
  });

  it("Money: an outcome that cannot be stored leaves the order to the reconciler, not to a second charge", async () => {
    let storeFails = false;
    await using shop = await openTestShop({
      payments: (gateway) => ({
        ...gateway,
        async charge(request) {
          const outcome = await gateway.charge(request);
          storeFails = true;
          return outcome;
        },
      }),
    });
    const { StoreUnavailableError } = await import("@holdfast/queue-core");
    const failing: typeof shop.store = Object.create(shop.store, {
      transaction: {
        value: (...args: Parameters<typeof shop.store.transaction>) =>
          storeFails
            ? Promise.reject(new StoreUnavailableError("disk full"))
            : shop.store.transaction(...args),
      },
    });
    const order = await placeOrder({ ...shop, store: failing }, keyboards(1));
    expect(order.status).toBe("pending");
    expect(await intentOf(shop, order.id)).toMatchObject({
      status: "charging",
      check_at: shop.clock.now() + 60_000,
    });
  });

  it("Money: stock is never oversold, whoever buys at the same time", async () => {
    await using shop = await openTestShop();
    await using other = await openTestShop({ beside: shop });
    const buyers = Array.from({ length: 80 }, (_, i) => placeOrder(i % 2 ? shop : other, keyboards(1)));
    const results = await Promise.allSettled(buyers);
    const sold = results.filter(({ status }) => status === "fulfilled");
    const refused = results
      .filter((result) => result.status === "rejected")
      .map((result) => result.reason.code);
    expect(sold).toHaveLength(50);
    expect(new Set(refused)).toEqual(new Set(["OUT_OF_STOCK"]));
    expect(await shop.stockOf("prod-1")).toEqual([50, 50]);
    const charges = await shop.store.read.selectFrom("simulated_charges").selectAll().execute();
    expect(charges).toHaveLength(50);
  });
});
