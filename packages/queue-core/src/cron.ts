import type { CatalogIndex } from "./catalog.ts";
import type { JobCatalog, JobType, PayloadInput } from "./define-job.ts";
import { PayloadInvalidError, ScheduleInvalidError, SealBrokenError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
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
import { openPayload } from "./sealed.ts";
import type { NewJob, NewSchedule, StoredPayload } from "./store.ts";
import { readStored } from "./stored-payload.ts";

/** When a recurring job runs: a cron expression, or every so many milliseconds from 1970-01-01T00:00Z on. */
export type CronTiming = string | { readonly everyMs: number };

export interface CronOptions<Payload = unknown> {
  /** Name of the schedule, of 1 to 200 characters; the job type by default. */
  readonly id?: string;
  /** What each of its jobs gets; `{}` by default. */
  readonly payload?: Payload;
  /** IANA zone; UTC by default. */
  readonly timeZone?: string;
  /** What to do with slots that nobody was there to take; `once` by default. */
  readonly catchUp?: CatchUp;
  /** Whether a slot gets its job while the schedule's last one has not ended; `allow` by default. */
  readonly overlap?: Overlap;
}

/** A recurring job as the code declares it. */
export interface CronDefinition<Type extends string = string, Payload = unknown>
  extends CronOptions<Payload> {
  readonly type: Type;
  readonly expression: CronTiming;
}

/** A recurring job of any type of a catalog, with the payload of that type. */
export type CronDefinitionOf<Jobs extends JobCatalog> = {
  [Type in JobType<Jobs>]: CronDefinition<Type, PayloadInput<Jobs, Type>>;
}[JobType<Jobs>];

/** What an operator may change of a schedule; what is left out stays. */
export interface CronChange {
  readonly expression?: CronTiming;
  readonly payload?: unknown;
  readonly timeZone?: string;
  readonly catchUp?: CatchUp;
  readonly overlap?: Overlap;
}

const CHANGE_NAMES: OptionNames<CronChange> = {
  expression: true,
  payload: true,
  timeZone: true,
  catchUp: true,
  overlap: true,
};
const { expression: _, ...SHARED_NAMES } = CHANGE_NAMES;
const OPTION_NAMES: OptionNames<CronOptions> = { ...SHARED_NAMES, id: true };

/** @throws {ScheduleInvalidError} if there is no such option: a zone that is misspelt would be UTC */
export function requireCronOptions(options: CronOptions): void {
  refuseUnknown(unknownOption(options, OPTION_NAMES));
}

/** @throws {ScheduleInvalidError} if there is no such option */
export function requireCronChange(change: CronChange): void {
  refuseUnknown(unknownOption(change, CHANGE_NAMES));
}

function refuseUnknown(problem: string | null): void {
  if (problem !== null) throw new ScheduleInvalidError(`For a recurring job ${problem}`);
}

/** It is part of addresses, and read by people. */
const LONGEST_ID = 200;

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
  if (typeof id !== "string" || id === "" || id.length > LONGEST_ID)
    throw new ScheduleInvalidError(
      `The id of a schedule must be a string of 1 to ${LONGEST_ID} characters, got ${shown(id)}`,
    );
  const expression = typeof timing === "string" ? timing : intervalOf(timing);
  requireCatchUp(catchUp);
  requireOverlap(overlap);
  computeNextRun(expression, new Date(nowMs), timeZone);
  return { id, type, ...stored, expression, timeZone, catchUp, overlap };
}

function intervalOf(timing: Exclude<CronTiming, string>): string {
  // As a caller without a compiler may pass it.
  if (typeof timing === "object" && timing !== null && "everyMs" in timing)
    return intervalExpression(timing.everyMs);
  throw new ScheduleInvalidError(
    `A recurring job takes a cron expression such as "0 9 * * MON", or { everyMs }, got ${shown(timing)}`,
  );
}

/**
 * How an edit that leaves the payload alone is stored: as it was, whatever its version.
 * @throws {PayloadInvalidError | JobTypeUnknownError} if it no longer fits its type
 */
export function keepPayload(catalog: CatalogIndex, schedule: Schedule): StoredPayload {
  const { type, payload, payloadVersion, keyId } = schedule;
  try {
    readStored(catalog, schedule);
  } catch (error) {
    if (keyId === null || !(error instanceof PayloadInvalidError)) throw error;
    // What a schema or an upcaster says may hold what was encrypted, and who works schedules logs it.
    const issues = error.issues.map(({ field }) => ({ field, message: "does not fit, and is encrypted" }));
    throw new PayloadInvalidError(type, issues);
  }
  return { payload: serializePayload(type, payload), payloadVersion, keyId };
}

/**
 * Each encryption gives another ciphertext, though nothing was changed: then the one that stands is declared again, so
 * that a start leaves the schedule as it is. One under an older key is renewed.
 */
export function keepCiphertext(
  catalog: CatalogIndex,
  declared: NewSchedule,
  standing: Schedule | undefined,
): NewSchedule {
  if (declared.keyId === null || standing?.type !== declared.type || standing.keyId !== declared.keyId)
    return declared;
  if (standing.payloadVersion !== declared.payloadVersion) return declared;
  const opened = [standing, { ...declared, payload: JSON.parse(declared.payload) as unknown }].map(
    (schedule) => JSON.stringify(openIfWhole(catalog, schedule)),
  );
  return opened[0] === opened[1] ? { ...declared, payload: JSON.stringify(standing.payload) } : declared;
}

/** Undefined where what stands is damaged, which a new declaration puts right. */
function openIfWhole(
  catalog: CatalogIndex,
  schedule: Pick<Schedule, "type" | "payload" | "payloadVersion">,
): unknown {
  try {
    return openPayload(catalog, schedule);
  } catch (error) {
    if (error instanceof SealBrokenError) return undefined;
    throw error;
  }
}

/**
 * The job for one slot of a schedule, or for a run beside them. It has the payload and the version of its schedule: a
 * worker of either deploy that can read the schedule's payload can take the job.
 * @throws {PayloadInvalidError | JobTypeUnknownError} if the payload no longer fits its type
 */
export function buildSlotJob(catalog: CatalogIndex, schedule: Schedule, slotAtMs: number | null): NewJob {
  return { ...buildStored(catalog, schedule.type, keepPayload(catalog, schedule), {}), slotAtMs };
}
