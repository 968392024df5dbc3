import type { CatchUp } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import type { Logger } from "pino";

const DAY_MS = 24 * 60 * 60_000;

/** Each report is about its own slot's day, so days without a scheduler are made up for, as far back as a month. */
const EVERY_DAY: CatchUp = { all: { max: 31, maxAgeMs: 31 * DAY_MS } };

/**
 * Declares the shop's recurring jobs. Any scheduler may do this at any time: a schedule that is there already keeps its
 * next run, one that is no longer listed here is switched off, and what an operator changed is left alone.
 * @param timeZone IANA zone in which "midnight" is meant
 */
export async function declareSchedules(queue: ShopQueue, timeZone: string, log: Logger): Promise<void> {
  const { kept, deactivated } = await queue.syncCron([
    { type: "daily_sales_report", expression: "0 0 * * *", timeZone, catchUp: EVERY_DAY },
    { type: "cleanup_completed_jobs", expression: "0 3 * * *", timeZone },
    // Each run looks at everything that is open, so a run that was missed need not be made up for.
    { type: "reconcile_payments", expression: "* * * * *", timeZone, catchUp: "skip" },
  ]);
  for (const id of deactivated) log.warn({ schedule: id }, "schedule is no longer in the code, switched off");
  for (const id of kept) log.info({ schedule: id }, "schedule was edited by an operator, left as it is");
}
