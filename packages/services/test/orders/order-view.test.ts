import { expect, it } from "vitest";
import { listProducts } from "../../src/orders/list-products.ts";
import { readOrderWithJobs } from "../../src/orders/order-view.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import { readOrderDocument } from "../../src/orders/read-order-document.ts";
import { keyboards, openTestShop } from "../open-test-shop.ts";

it("design: an order is shown with the jobs of its workflow, in the order they were made", async () => {
  await using shop = await openTestShop();
  const order = await placeOrder(shop, keyboards(1));
  const claimed = await shop.queue.dequeue("w1", { types: ["send_order_confirmation"] });
  await shop.queue.completeJob(claimed!);
  const view = await readOrderWithJobs(shop, order.id);
  expect(view).toEqual({
    ...order,
    jobs: [
      {
        id: claimed!.id,
        type: "send_order_confirmation",
        status: "completed",
        attempts: 1,
        scheduledAt: "2026-01-01T00:00:00.000Z",
        completedAt: "2026-01-01T00:00:00.000Z",
        lastError: null,
      },
      {
        id: expect.any(String),
        type: "send_followup_email",
        status: "scheduled",
        attempts: 0,
        scheduledAt: "2026-01-02T00:00:00.000Z",
        completedAt: null,
        lastError: null,
      },
    ],
  });
});

it("an unknown order is null to a reader and an error to whoever needs it", async () => {
  await using shop = await openTestShop();
  expect(await readOrderWithJobs(shop, "ord-0")).toBeNull();
  await expect(readOrderDocument(shop.store, "ord-0")).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
});

it("mails and invoices get the order's own prices, names and address", async () => {
  await using shop = await openTestShop();
  const { id } = await placeOrder(shop, keyboards(2));
  expect(await readOrderDocument(shop.store, id)).toMatchObject({
    id,
    email: "u1@example.com",
    createdAt: new Date(Date.UTC(2026, 0, 1)),
    totalCents: 17_998,
    items: [{ name: "Mechanical Keyboard", quantity: 2, priceCents: 8_999 }],
  });
});

it("R21: the seeded products are listed with what is on hand and what can be ordered", async () => {
  await using shop = await openTestShop();
  await placeOrder(shop, keyboards(3));
  expect(await listProducts(shop.store)).toEqual([
    {
      id: "prod-1",
      name: "Mechanical Keyboard",
      priceCents: 8_999,
      currency: "USD",
      stock: 50,
      available: 47,
    },
    { id: "prod-2", name: "USB-C Hub", priceCents: 3_499, currency: "USD", stock: 100, available: 100 },
    { id: "prod-3", name: "Monitor Stand", priceCents: 4_999, currency: "USD", stock: 25, available: 25 },
  ]);
});
