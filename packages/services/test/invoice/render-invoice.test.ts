import { extractText, getDocumentProxy } from "unpdf";
import { describe, expect, it } from "vitest";
import { invoiceNumber } from "../../src/invoice/invoice-head.ts";
import { renderInvoice } from "../../src/invoice/render-invoice.ts";
import type { OrderDocument, OrderDocumentItem } from "../../src/order-document.ts";

const ISSUED_AT = new Date("2026-03-02T00:30:00Z");
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

const render = (change: Partial<OrderDocument> = {}): Promise<Buffer> =>
  renderInvoice({ order: { ...order, ...change }, issuedAt: ISSUED_AT });

/** The text of each page, with runs of white space as one space. */
async function pagesOf(file: Buffer): Promise<string[]> {
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(file)));
  return text.map((page) => page.replaceAll(/\s+/g, " "));
}

function manyItems(count: number, name = (index: number) => `Product ${index}.`): OrderDocumentItem[] {
  return Array.from({ length: count }, (_, index) => ({
    name: name(index),
    quantity: 1,
    priceCents: 100 + index,
  }));
}

describe("R23: the invoice", () => {
  it("shows no character that has no glyph or turns the direction of what follows", async () => {
    const name = "Key\u202Eboard\u0007 \u200BXL";
    const [page] = await pagesOf(await render({ items: [{ name, quantity: 1, priceCents: 100 }] }));
    expect(page).toContain("Key board XL");
  });

  it("is a PDF that names shop, customer, numbers, dates, items and total", async () => {
    const file = await render();
    expect(file.subarray(0, 5).toString("latin1")).toBe("%PDF-");
    const [page, ...others] = await pagesOf(file);
    expect(others).toEqual([]);
    for (const fact of [
      "Holdfast Shop",
      "INV-0001",
      "ord-0001",
      "March 2, 2026",
      "March 1, 2026",
      "user-1",
      "ann@example.com",
      "Mechanical Keyboard",
      "2 $89.99 $179.98",
      "USB-C Hub",
      "1 $34.99 $34.99",
      "Total (USD) $214.97",
      "Page 1 of 1",
    ]) {
      expect(page).toContain(fact);
    }
  });

  it("gives the same bytes for the same order, so that a repeat changes nothing", async () => {
    expect((await render()).equals(await render())).toBe(true);
  });

  it("has one number per order", () => {
    expect(invoiceNumber("ord-019a-7f")).toBe("INV-019A-7F");
    expect(invoiceNumber("ord-1")).not.toBe(invoiceNumber("ord-2"));
  });

  it("keeps the number of an ordinary order on one line, at its widest", async () => {
    const id = `${"c".repeat(11)}-${"c".repeat(16)}`;
    const [page] = await pagesOf(await render({ id: `ord-${id}` }));
    expect(page).toContain(`Invoice number INV-${id.toUpperCase()} Invoice date`);
  });

  it("shows large amounts to the cent", async () => {
    const [page] = await pagesOf(
      await render({
        items: [{ name: "Gold", quantity: 3, priceCents: 33_333_333 }],
        totalCents: 99_999_999,
      }),
    );
    expect(page).toContain("3 $333,333.33 $999,999.99");
    expect(page).toContain("Total (USD) $999,999.99");
  });
});

describe("many items", () => {
  it("continue on further pages, each once and in order, under repeated titles", async () => {
    const items = manyItems(60);
    const pages = await pagesOf(await render({ items }));
    expect(pages.length).toBeGreaterThan(1);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain("DESCRIPTION");
      expect(page).toContain(`Page ${index + 1} of ${pages.length}`);
    }
    const shown = pages.join(" ").match(/Product \d+\./g);
    expect(shown).toEqual(items.map(({ name }) => name));
  });

  it.each([1, 9, 10, 11, 12, 13, 14, 28, 29, 30, 31, 32])(
    "the total of %i items stands once, on a page that has an item",
    async (count) => {
      const pages = await pagesOf(await render({ items: manyItems(count) }));
      const withTotal = pages.filter((page) => page.includes("Total (USD)"));
      expect(withTotal).toHaveLength(1);
      expect(withTotal[0]).toMatch(/Product \d+\./);
      expect(pages.at(-1)).toContain("Total (USD)");
    },
  );
});

describe("long and unusual names", () => {
  it("wrap and stay complete", async () => {
    const name =
      "Adjustable walnut standing desk with cable tray, two drawers and a very long description of itself";
    const [page] = await pagesOf(await render({ items: [{ name, quantity: 1, priceCents: 100 }] }));
    expect(page).toContain(name);
  });

  it("in Latin, Greek, Cyrillic and Vietnamese are readable", async () => {
    const name = "Ångström Žluťoučký Ελλάδα Привет Tiếng Việt";
    const [page] = await pagesOf(
      await render({ items: [{ name, quantity: 1, priceCents: 100 }], userId: name }),
    );
    expect(page?.split(name)).toHaveLength(3);
  });

  it.each([
    ["one word of 5,000 letters", "x".repeat(5_000)],
    ["thousands of lines", "line\n".repeat(5_000)],
    ["emoji and half a surrogate pair", `😀\ud83d ${"日本".repeat(500)}`],
    ["control and direction characters", "a\u0000b\u202e$00.1\u200b"],
    ["nothing", ""],
  ])("%s keep the invoice to a page", async (_, name) => {
    const hostile = { id: name, userId: name, email: name, items: [{ name, quantity: 1, priceCents: 100 }] };
    const pages = await pagesOf(await render(hostile));
    expect(pages).toHaveLength(1);
    expect(pages[0]).toContain("1 $1.00 $1.00");
    expect(pages[0]).toContain("Total (USD)");
  });
});
