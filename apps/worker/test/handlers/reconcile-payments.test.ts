import { placeOrder, readOrder } from "@holdfast/services/orders";
import { expect, it } from "vitest";
import { openTestWorker } from "../open-test-worker.ts";

it("R22: a payment whose answer was lost is closed, and its order gets its confirmation", async () => {
  const test = await openTestWorker();
  const items = [{ productId: "prod-1", quantity: 1 }];
  const request = { userId: "u1", email: "u1@example.com", items, paymentToken: "tok_timeout" };
  const { id, status } = await placeOrder(test.shop, request);
  expect(status).toBe("payment_unknown");

  test.clock.advance(10 * 60_000);
  await test.shop.queue.enqueue("reconcile_payments", {});
  expect(await test.reaches("reconcile_payments", "completed")).toMatchObject({
    result: { checked: 1, unanswered: 0 },
  });
  await test.reaches("send_order_confirmation", "completed");
  expect((await readOrder(test.shop.store, id))?.status).not.toBe("payment_unknown");
  expect(await test.outbox()).toMatchObject([{ subject: `Your order ${id} is confirmed` }]);
});
