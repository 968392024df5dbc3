import type { ShopQueue } from "@holdfast/services";

/**
 * Registers the shop's recurring jobs. Any scheduler may do this at any time: a schedule that is there already keeps
 * its next run.
 * @param timeZone IANA zone in which "midnight" is meant
 */
export async function registerSchedules(queue: ShopQueue, timeZone: string): Promise<void> {
  await queue.registerCron("daily_sales_report", "0 0 * * *", { timeZone });
  await queue.registerCron("cleanup_completed_jobs", "0 3 * * *", { timeZone });
  // Each run looks at everything that is open, so a run that was missed need not be made up for.
  await queue.registerCron("reconcile_payments", "* * * * *", { timeZone, catchUp: "skip" });
}
