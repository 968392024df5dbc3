import type { CatalogIndex } from "./catalog.ts";
import { buildStored, storePayload } from "./new-job.ts";
import { serializePayload } from "./payload.ts";
import {
  type CatchUp,
  computeNextRun,
  intervalExpression,
  type Overlap,
  requireCatchUp,
  requireOverlap,
  type Schedule,
} from "./schedule.ts";
import type { NewJob, NewSchedule, StoredPayload } from "./store.ts";
import { readStored } from "./stored-payload.ts";

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
  stored: StoredPayload = storePayload(catalog, type, payload),
): NewSchedule {
  const expression = typeof timing === "string" ? timing : intervalExpression(timing.everyMs);
  requireCatchUp(catchUp);
  requireOverlap(overlap);
  computeNextRun(expression, new Date(nowMs), timeZone);
  return { id, type, ...stored, expression, timeZone, catchUp, overlap };
}

/**
 * How an edit that leaves the payload alone is stored: as it was, whatever its version.
 * @throws {PayloadInvalidError | JobTypeUnknownError} if it no longer fits its type
 */
export function keepPayload(catalog: CatalogIndex, schedule: Schedule): StoredPayload {
  const { type, payload, payloadVersion } = schedule;
  readStored(catalog, schedule);
  return { payload: serializePayload(type, payload), payloadVersion };
}

/**
 * The job for one slot of a schedule, or for a run beside them. It has the payload and the version of its schedule: a
 * worker of either deploy that can read the schedule's payload can take the job.
 * @throws {PayloadInvalidError | JobTypeUnknownError} if the payload no longer fits its type
 */
export function buildSlotJob(catalog: CatalogIndex, schedule: Schedule, slotAtMs: number | null): NewJob {
  return { ...buildStored(catalog, schedule.type, keepPayload(catalog, schedule), {}), slotAtMs };
}
