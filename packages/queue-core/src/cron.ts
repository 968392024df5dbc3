import type { CatalogIndex } from "./catalog.ts";
import { buildJob } from "./new-job.ts";
import {
  type CatchUp,
  computeNextRun,
  intervalExpression,
  type Overlap,
  requireCatchUp,
  requireOverlap,
} from "./schedule.ts";
import type { NewSchedule } from "./store.ts";

/** When a recurring job runs: a cron expression, or every so many milliseconds from 1970-01-01T00:00Z on. */
export type CronTiming = string | { readonly everyMs: number };

export interface CronOptions {
  /** Name of the schedule; the job type by default. */
  readonly id?: string;
  readonly payload?: unknown;
  /** IANA zone; UTC by default. */
  readonly timeZone?: string;
  /** What to do with slots that nobody was there to take; `once` by default. */
  readonly catchUp?: CatchUp;
  /** Whether a slot gets its job while the schedule's last one has not ended; `allow` by default. */
  readonly overlap?: Overlap;
}

/** A recurring job as the code declares it. */
export interface CronDefinition<Type extends string = string> extends CronOptions {
  readonly type: Type;
  readonly expression: CronTiming;
}

/** What an operator may change of a schedule; what is left out stays. */
export interface CronChange {
  readonly expression?: CronTiming;
  readonly payload?: unknown;
  readonly timeZone?: string;
  readonly catchUp?: CatchUp;
  readonly overlap?: Overlap;
}

/**
 * Checks a schedule and says how it is stored.
 * @throws {ScheduleInvalidError | PayloadInvalidError | JobTypeUnknownError}
 */
export function buildSchedule(
  catalog: CatalogIndex,
  type: string,
  timing: CronTiming,
  { id = type, payload = {}, timeZone = "UTC", catchUp = "once", overlap = "allow" }: CronOptions,
  nowMs: number,
): NewSchedule {
  const expression = typeof timing === "string" ? timing : intervalExpression(timing.everyMs);
  requireCatchUp(catchUp);
  requireOverlap(overlap);
  computeNextRun(expression, new Date(nowMs), timeZone);
  const job = buildJob(catalog, type, payload, {});
  return { id, type, payload: job.payload, expression, timeZone, catchUp, overlap };
}
