import { isAbsolute, normalize } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { invoiceFileName } from "../../src/invoice/invoice-file-name.ts";

it("an order's own id makes a name that people recognise", () => {
  expect(invoiceFileName("ord-019a8f3c2b1-7f3a9c")).toBe("invoice-ord-019a8f3c2b1-7f3a9c.pdf");
});

describe("faults: PDF names stay in their folder", () => {
  it.each([
    "../../../../etc/passwd",
    "..\\..\\windows",
    "/etc/passwd",
    "C:\\x",
    ".",
    "..",
    "",
    "a/b",
    "a\u0000b",
    "ORD-1",
    "ord-é",
    "ord-1\n",
    "x".repeat(101),
    "con:",
    "-rf",
  ])("%j makes one plain name", (orderId) => {
    expect(invoiceFileName(orderId)).toMatch(/^invoice\+[0-9a-f]{32}\.pdf$/);
  });

  it("no id, whatever it holds, leads into another folder", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (orderId) => {
        const name = invoiceFileName(orderId);
        expect(name).toMatch(/^invoice[-+][a-z0-9_-]+\.pdf$/);
        expect(isAbsolute(name)).toBe(false);
        expect(normalize(name)).toBe(name);
      }),
    );
  });

  it("different ids make different names, on file systems that ignore case too", () => {
    const ids = ["a", "A", "a.", "a/", "../a", "b", "+a", "ord-1", "ORD-1"];
    expect(new Set(ids.map((id) => invoiceFileName(id).toLowerCase())).size).toBe(ids.length);
  });
});
