import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openOrder } from "../../src/orders/open-order.ts";
import { readOrder } from "../../src/orders/order-view.ts";
import { settlePayment } from "../../src/orders/settle-payment.ts";
import { nextCheckMs, type PaymentOutcome } from "../../src/orders/settlement.ts";
import { intentOf, keyboards, openTestShop } from "../open-test-shop.ts";

const outcomes: readonly PaymentOutcome[] = [
  { kind: "succeeded", chargeId: "ch-1" },
  { kind: "declined", reason: "no money" },
  { kind: "unavailable", reason: "not sent" },
  { kind: "none" },
  { kind: "unknown", reason: "timed out" },
];

describe("settling a payment", () => {
  it("Money: the first certain outcome decides, in whatever order and however often they come in", async () => {
    await using shop = await openTestShop();
    const decided = {
      succeeded: "paid",
      declined: "payment_failed",
      unavailable: "cancelled",
      none: "cancelled",
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...outcomes), { minLength: 1, maxLength: 6 }),
        async (sequence) => {
          const [stock, before] = await shop.stockOf("prod-2");
          const request = { ...keyboards(1), items: [{ productId: "prod-2", quantity: 1 }] };
          const opened = await openOrder(shop, request, {});
          if (!("charge" in opened)) throw new Error("an order without a key is always new");
          const { id, workflowId } = opened.order;
          for (const outcome of sequence) {
            await shop.store.transaction((tx) => settlePayment(tx, shop, id, outcome));
          }

          const first = sequence.find(({ kind }) => kind !== "unknown")?.kind as
            | keyof typeof decided
            | undefined;
          const status = first ? decided[first] : "payment_unknown";
          expect((await readOrder(shop.store, id))?.status).toBe(status);
          const holdsStock = status === "paid" || status === "payment_unknown";
          expect(await shop.stockOf("prod-2")).toEqual([stock, before + (holdsStock ? 1 : 0)]);
          expect(await shop.store.workflowJobs(workflowId)).toHaveLength(status === "paid" ? 2 : 0);
          const intent = await intentOf(shop, id);
          const wasCharged = sequence.some(({ kind }) => kind === "succeeded");
          if (wasCharged) expect(intent.status).toBe(status === "paid" ? "succeeded" : "refund_due");
          // Whatever is open or owed is going to be looked at again; what is closed for good is not.
          const isFinal =
            ["succeeded", "declined"].includes(intent.status) || (first === "unavailable" && !wasCharged);
          expect(intent.check_at === null).toBe(isFinal);
        },
      ),
      { numRuns: 80 },
    );
  });

  it("says so if there is no such order", async () => {
    await using shop = await openTestShop();
    await expect(
      shop.store.transaction((tx) => settlePayment(tx, shop, "ord-0", { kind: "none" })),
    ).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
  });

  it("a look never lies further ahead than an hour, nor in the past", () => {
    fc.assert(
      fc.property(fc.constantFrom(...outcomes), fc.nat({ max: 5_000 }), ({ kind }, checks) => {
        const next = nextCheckMs(kind, 1_000, checks);
        expect(next === null || (next > 1_000 && next <= 1_000 + 3_600_000)).toBe(true);
      }),
    );
  });
});
