import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeItems, orderRequest } from "../../src/orders/order-request.ts";

const valid = { userId: "u1", items: [{ productId: "prod-1", quantity: 1 }], paymentToken: "tok_visa" };
const fieldsOf = (body: unknown): string[] => [
  ...new Set(orderRequest.safeParse(body).error?.issues.map(({ path }) => path.join("."))),
];

describe("the order request", () => {
  it("design: the address is made from the user unless it is given", () => {
    expect(orderRequest.parse(valid).email).toBe("u1@example.com");
    expect(orderRequest.parse({ ...valid, email: "ann@shop.test" }).email).toBe("ann@shop.test");
  });

  it("asks for an address if none can be made from the user", () => {
    expect(fieldsOf({ ...valid, userId: "Ann Smith" })).toEqual(["email"]);
    expect(fieldsOf({ ...valid, userId: "Ann Smith", email: "ann@shop.test" })).toEqual([]);
  });

  it.each([
    ["userId", { userId: "" }],
    ["userId", { userId: 5 }],
    ["userId", { userId: "a\r\nBcc: x@y.test" }],
    ["userId", { userId: "u".repeat(129) }],
    ["email", { email: "no address" }],
    ["email", { email: "a@b.test\r\nBcc: c@d.test" }],
    ["items", { items: [] }],
    ["items", { items: undefined }],
    ["items", { items: Array.from({ length: 101 }, () => ({ productId: "prod-1", quantity: 1 })) }],
    ["items.0.quantity", { items: [{ productId: "prod-1", quantity: 0 }] }],
    ["items.0.quantity", { items: [{ productId: "prod-1", quantity: 1.5 }] }],
    ["items.0.quantity", { items: [{ productId: "prod-1", quantity: "1" }] }],
    ["items.0.quantity", { items: [{ productId: "prod-1", quantity: 1e308 }] }],
    ["items.0.quantity", { items: [{ productId: "prod-1", quantity: -1 }] }],
    ["items.1.productId", { items: [valid.items[0], { quantity: 1 }] }],
    // A price of the customer's own.
    ["items.0", { items: [{ productId: "prod-1", quantity: 1, priceCents: 1 }] }],
    ["paymentToken", { paymentToken: "" }],
    ["paymentToken", { paymentToken: undefined }],
    ["", { status: "paid" }],
  ])("R22: names %j as what is wrong", (field, change) => {
    expect(fieldsOf({ ...valid, ...change })).toEqual([field]);
  });

  it("merging keeps every unit and every item's place, and leaves each product one line", () => {
    const item = fc.record({
      productId: fc.constantFrom("a", "b", "c", "__proto__"),
      quantity: fc.integer({ min: 1, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 30 }), (items) => {
        const lines = mergeItems(items);
        expect(new Set(lines.map(({ productId }) => productId)).size).toBe(lines.length);
        expect(lines.flatMap(({ from }) => from).sort((a, b) => a - b)).toEqual(
          items.map((_, index) => index),
        );
        for (const { productId, quantity, from } of lines) {
          expect(from.every((index) => items[index]?.productId === productId)).toBe(true);
          expect(quantity).toBe(from.reduce((sum, index) => sum + items[index]!.quantity, 0));
        }
      }),
    );
  });
});
