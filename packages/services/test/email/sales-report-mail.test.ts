import { expect, it } from "vitest";
import { composeSalesReport } from "../../src/email/sales-report-mail.ts";
import type { SalesReport } from "../../src/reports/sales-report.ts";

const report: SalesReport = {
  day: "2026-01-10",
  zone: "Europe/Berlin",
  orders: 12,
  revenueCents: 1_234_567,
  topProducts: [{ productId: "prod-1", name: "Mechanical Keyboard", quantity: 10, revenueCents: 89_990 }],
};

it("the sales report says in words and in HTML what the day brought", () => {
  const { to, subject, text, html } = composeSalesReport(report, "boss@example.com");
  expect(to).toBe("boss@example.com");
  expect(subject).toBe("Sales of 2026-01-10: $12,345.67");
  for (const body of [text, html]) {
    for (const fact of ["12 paid orders", "$12,345.67", "Mechanical Keyboard", "$899.90", "Europe/Berlin"]) {
      expect(body).toContain(fact);
    }
  }
});

it("a day without sales is reported too", () => {
  const empty = { ...report, orders: 0, revenueCents: 0, topProducts: [] };
  const { subject, text } = composeSalesReport(empty, "boss@example.com");
  expect(subject).toBe("Sales of 2026-01-10: $0.00");
  expect(text).toContain("0 paid orders, $0.00 in all.");
});

it("faults: a product's name is text in the HTML, never markup", () => {
  const topProducts = [{ productId: "p", name: "<script>alert(1)</script>", quantity: 1, revenueCents: 1 }];
  const { html } = composeSalesReport({ ...report, topProducts }, "boss@example.com");
  expect(html).not.toContain("<script");
  expect(html).toContain("&lt;script&gt;");
});
