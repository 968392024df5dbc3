import { join } from "node:path";
import { writeFileAtomically } from "../atomic-file.ts";
import type { Shop } from "../shop.ts";
import { writeCsv } from "./csv.ts";
import { dayBefore, localDay } from "./local-day.ts";
import { makeSalesReport, type SalesReport } from "./sales-report.ts";

export interface DailyReportOptions {
  /** The IANA zone whose days are reported. */
  readonly zone: string;
  /** Files go to `reports` in it. */
  readonly dataFolder: string;
  /** `YYYY-MM-DD`; by default the day before `at`. */
  readonly day?: string | undefined;
  /** The schedule's slot, or null for the present instant: a report made late is still about the day it was due for. */
  readonly at: Date | null;
}

/**
 * Reports a day's sales: a row in `sales_reports` and `sales-<day>.csv` in the data folder's `reports`.
 * @returns the report and its file's path
 */
export async function writeDailySalesReport(
  shop: Pick<Shop, "store" | "clock">,
  { zone, dataFolder, day, at }: DailyReportOptions,
): Promise<{ readonly report: SalesReport; readonly path: string }> {
  const reported = day ?? dayBefore(localDay(at?.getTime() ?? shop.clock.now(), zone));
  const report = await makeSalesReport(shop, reported, zone);
  const path = join(dataFolder, "reports", `sales-${report.day}.csv`);
  await writeFileAtomically(path, csvOf(report));
  return { report, path };
}

/** The first line below the header is the day's total, the others are its best products. */
function csvOf({ day, zone, orders, revenueCents, topProducts }: SalesReport): string {
  const sold = (product: SalesReport["topProducts"][number]) =>
    [
      day,
      zone,
      product.productId,
      product.name,
      product.quantity,
      "",
      dollars(product.revenueCents),
    ] as const;
  return writeCsv([
    ["day", "zone", "product_id", "product", "quantity", "orders", "revenue_usd"],
    [day, zone, "", "Total", "", orders, dollars(revenueCents)],
    ...topProducts.map(sold),
  ]);
}

/** `1234.50`: a number to any spreadsheet, from whole cents without rounding. */
function dollars(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}
