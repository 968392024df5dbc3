import type { CatchUp } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";

const DAY_MS = 24 * 60 * 60_000;

/** Each report is about its own slot's day, so days without a scheduler are made up for, as far back as a month. */
const EVERY_DAY: CatchUp = { all: { max: 31, maxAgeMs: 31 * DAY_MS } };

/**
 * Registers the shop's recurring jobs. Any scheduler may do this at any time: a schedule that is there already keeps
 * its next run.
 * @param timeZone IANA zone in which "midnight" is meant
 */
export async function registerSchedules(queue: ShopQueue, timeZone: string): Promise<void> {
  await queue.registerCron("daily_sales_report", "0 0 * * *", { timeZone, catchUp: EVERY_DAY });
  await queue.registerCron("cleanup_completed_jobs", "0 3 * * *", { timeZone });
  // Each run looks at everything that is open, so a run that was missed need not be made up for.
  await queue.registerCron("reconcile_payments", "* * * * *", { timeZone, catchUp: "skip" });
}
