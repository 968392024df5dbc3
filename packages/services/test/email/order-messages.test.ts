import { describe, expect, it } from "vitest";
import { composeOrderConfirmation } from "../../src/email/order-confirmation.ts";
import { composeOrderFollowup } from "../../src/email/order-followup.ts";
import type { OrderDocument } from "../../src/order-document.ts";

const order: OrderDocument = {
  id: "ord-0001",
  userId: "user-1",
  email: "ann@example.com",
  createdAt: new Date("2026-03-01T23:30:00Z"),
  totalCents: 21_497,
  items: [
    { name: "Mechanical Keyboard", quantity: 2, priceCents: 8_999 },
    { name: "USB-C Hub", quantity: 1, priceCents: 3_499 },
  ],
};

describe("the order confirmation", () => {
  it("says in words and in HTML what was ordered and paid", () => {
    const { to, subject, text, html } = composeOrderConfirmation(order);
    expect(to).toBe("ann@example.com");
    expect(subject).toBe("Your order ord-0001 is confirmed");
    for (const body of [text, html]) {
      for (const fact of [
        "Mechanical Keyboard",
        "$89.99",
        "$179.98",
        "USB-C Hub",
        "$214.97",
        "March 1, 2026",
        "ord-0001",
      ]) {
        expect(body).toContain(fact);
      }
    }
  });
});

describe("the follow-up", () => {
  it("names the products and the order", () => {
    const { to, subject, text, html } = composeOrderFollowup(order);
    expect(to).toBe("ann@example.com");
    expect(subject).toContain("ord-0001");
    for (const body of [text, html]) expect(body).toContain("Mechanical Keyboard, USB-C Hub");
  });
});

describe.each([composeOrderConfirmation, composeOrderFollowup])(
  "faults: hostile order data in %o",
  (compose) => {
    const attack = `<img src=x onerror="alert('1')">&`;
    const hostile: OrderDocument = {
      ...order,
      id: attack,
      email: attack,
      items: [{ name: attack, quantity: 1, priceCents: 1 }],
    };

    it("is text in the HTML, never markup", () => {
      const { html } = compose(hostile);
      expect(html).not.toContain("<img");
      expect(html).toContain("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;");
    });

    it("adds no element to the HTML", () => {
      const tags = (html: string): string[] =>
        html.match(/<\/?[a-z!][^>]*>/gi)?.map((tag) => tag.split(/[\s>]/)[0] ?? "") ?? [];
      const plain: OrderDocument = {
        ...hostile,
        id: "x",
        email: "x",
        items: [{ name: "x", quantity: 1, priceCents: 1 }],
      };
      expect(tags(compose(hostile).html)).toEqual(tags(compose(plain).html));
    });
  },
);
