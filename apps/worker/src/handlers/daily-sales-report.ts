import { composeSalesReport } from "@holdfast/services/email";
import { writeDailySalesReport } from "@holdfast/services/reports";
import type { Handler } from "../handler.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Sums up a day's sales, as a table row, a file and a message. */
export function dailySalesReport({ shop, mailer, report }: WorkerServices): Handler<"daily_sales_report"> {
  return async ({ day }, ctx) => {
    const { zone, dataFolder, to } = report;
    // By the slot, or by when an operator asked: a run that is repeated past midnight still reports the same day.
    const at = ctx.slotAt ?? ctx.createdAt;
    const made = await writeDailySalesReport(shop, { zone, dataFolder, day, at });
    ctx.log.info({ day: made.report.day, path: made.path }, "report written");
    ctx.progress(50);
    await ctx.once("mail", () =>
      mailer.send(composeSalesReport(made.report, to), { signal: ctx.signal, key: ctx.idempotencyKey }),
    );
    ctx.log.info({ to }, "report sent");
    ctx.progress(100);
    return { day: made.report.day, path: made.path };
  };
}
