import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { placeOrder } from "../../src/orders/place-order.ts";
import { writeDailySalesReport } from "../../src/reports/write-sales-report.ts";
import { keyboards, openTestShop, type TestShop } from "../open-test-shop.ts";

const HOUR_MS = 3_600_000;

/** Places an order at an instant. */
async function sellAt(shop: TestShop, instant: string, quantity: number, token = "tok_visa"): Promise<void> {
  shop.clock.setWall(Date.parse(instant));
  await placeOrder(shop, keyboards(quantity, token));
}

describe("the daily sales report", () => {
  it("covers the day before its slot in the schedule's zone, to the millisecond, 25 hours in autumn", async () => {
    await using shop = await openTestShop();
    await sellAt(shop, "2026-10-24T21:59:59.999Z", 1); // still the 24th in Berlin
    await sellAt(shop, "2026-10-24T22:00:00.000Z", 2);
    await sellAt(shop, "2026-10-25T22:59:59.999Z", 3);
    await sellAt(shop, "2026-10-25T23:00:00.000Z", 4); // the 26th
    const at = new Date("2026-10-25T23:00:00.000Z");
    const options = { zone: "Europe/Berlin", dataFolder: shop.folder, at };
    const { report } = await writeDailySalesReport(shop, options);
    expect(report).toEqual({
      day: "2026-10-25",
      zone: "Europe/Berlin",
      orders: 2,
      revenueCents: 5 * 8_999,
      topProducts: [
        { productId: "prod-1", name: "Mechanical Keyboard", quantity: 5, revenueCents: 5 * 8_999 },
      ],
    });
  });

  it("counts a payment that was still being written when its day ended", async () => {
    await using shop = await openTestShop();
    let isWriting = true;
    // Whoever held the write lock before the report got it has committed by then.
    const store: typeof shop.store = Object.create(shop.store, {
      transaction: {
        async value(...args: Parameters<typeof shop.store.transaction>) {
          if (isWriting) await sellAt(shop, "2026-05-01T23:59:59.999Z", 1);
          isWriting = false;
          return await shop.store.transaction(...args);
        },
      },
    });
    const at = new Date("2026-05-02T00:00:00.000Z");
    const options = { zone: "UTC", dataFolder: shop.folder, at };
    const { report } = await writeDailySalesReport({ ...shop, store }, options);
    expect(report).toMatchObject({ day: "2026-05-01", orders: 1 });
  });

  it("counts paid orders only, and none if there were none", async () => {
    await using shop = await openTestShop();
    for (const token of ["tok_declined", "tok_error", "tok_timeout"]) {
      await sellAt(shop, "2026-05-01T12:00:00.000Z", 1, token);
    }
    const options = { zone: "UTC", dataFolder: shop.folder, at: new Date("2026-05-02T00:00:00.000Z") };
    const { report, path } = await writeDailySalesReport(shop, options);
    expect(report).toMatchObject({ day: "2026-05-01", orders: 0, revenueCents: 0, topProducts: [] });
    expect(await readFile(path, "utf8")).toBe(
      "day,zone,product_id,product,quantity,orders,revenue_usd\r\n2026-05-01,UTC,,Total,,0,0.00\r\n",
    );
  });

  it("is one row and one file however often it is made, with the newest figures", async () => {
    await using shop = await openTestShop();
    await sellAt(shop, "2026-05-01T12:00:00.000Z", 1);
    const options = { zone: "UTC", dataFolder: shop.folder, day: "2026-05-01", at: null };
    const first = await writeDailySalesReport(shop, options);
    expect(await writeDailySalesReport(shop, options)).toEqual(first);
    await sellAt(shop, "2026-05-01T13:00:00.000Z", 1);
    await writeDailySalesReport(shop, options);
    const rows = await shop.store.read.selectFrom("sales_reports").selectAll().execute();
    expect(rows).toMatchObject([{ day: "2026-05-01", zone: "UTC", orders: 2, revenue_cents: 17_998 }]);
    expect(await readdir(join(shop.folder, "reports"))).toEqual(["sales-2026-05-01.csv"]);
  });

  it("writes amounts as spreadsheets read them and products by revenue", async () => {
    await using shop = await openTestShop();
    shop.clock.setWall(Date.parse("2026-05-01T12:00:00.000Z"));
    const items = [
      { productId: "prod-2", quantity: 1 },
      { productId: "prod-3", quantity: 1 },
    ];
    await placeOrder(shop, { ...keyboards(1), items });
    await shop.store.transaction(async ({ sql }) => {
      await sql
        .updateTable("products")
        .set({ name: '=HYPERLINK("http://x")' })
        .where("id", "=", "prod-2")
        .execute();
    });
    shop.clock.advance(24 * HOUR_MS);
    const { path } = await writeDailySalesReport(shop, { zone: "UTC", dataFolder: shop.folder, at: null });
    expect((await readFile(path, "utf8")).split("\r\n").slice(1)).toEqual([
      "2026-05-01,UTC,,Total,,1,84.98",
      "2026-05-01,UTC,prod-3,Monitor Stand,1,,49.99",
      '2026-05-01,UTC,prod-2,"\'=HYPERLINK(""http://x"")",1,,34.99',
      "",
    ]);
  });
});
