import { defineJob, linear, PRIORITY } from "@holdfast/queue-core/define";
import { z } from "zod";

/** Sums up a day's sales. */
export const dailySalesReport = defineJob("daily_sales_report", {
  // Without a day: the day before the schedule's slot. With one, an operator has a past report made again.
  payload: z.object({ day: z.iso.date().optional() }),
  priority: PRIORITY.LOW,
  retry: { attempts: 5, backoff: linear() },
  timeoutMs: 600_000,
  keepLog: true,
});
