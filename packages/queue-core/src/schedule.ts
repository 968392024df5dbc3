import { Cron } from "croner";
import { ScheduleInvalidError } from "./errors.ts";
import { shown } from "./known-options.ts";

/**
 * What to do with slots that passed while no scheduler ran: nothing (`skip`), one job for the latest (`once`), or one
 * job each (`all`), at most `max` of the newest and none older than `maxAgeMs` milliseconds, a finite number from 0. A
 * slot of the last minute is not late, and taken in any case.
 */
export type CatchUp = "skip" | "once" | { readonly all: { readonly max: number; readonly maxAgeMs: number } };

/** Every slot that is caught up is a job, and all of them are added in one transaction. */
const MOST_SLOTS = 1_000;

/** @throws {ScheduleInvalidError} if it is no such policy, as text from outside may be, or its limits cannot be */
export function requireCatchUp(catchUp: CatchUp): void {
  if (catchUp === "skip" || catchUp === "once") return;
  if (typeof catchUp !== "object" || !("all" in catchUp))
    throw new ScheduleInvalidError(
      `catchUp must be "skip", "once" or { all: { max, maxAgeMs } }, got ${shown(catchUp)}`,
    );
  const { max, maxAgeMs } = catchUp.all;
  // It is stored as JSON, which has no infinity: that would come back as null, and count as 0.
  if (Number.isInteger(max) && max >= 1 && max <= MOST_SLOTS && Number.isFinite(maxAgeMs) && maxAgeMs >= 0)
    return;
  throw new ScheduleInvalidError(
    `catchUp.all takes max from 1 to ${MOST_SLOTS} and a finite maxAgeMs from 0, got ${max} and ${maxAgeMs}`,
  );
}

/** Whether a slot gets its job while the schedule's last job has not ended (`allow`), or is passed over (`skip`). */
export type Overlap = "allow" | "skip";

/** @throws {ScheduleInvalidError} if it is no such policy, as text from outside may be */
export function requireOverlap(overlap: Overlap): void {
  if (overlap === "allow" || overlap === "skip") return;
  throw new ScheduleInvalidError(`overlap must be "allow" or "skip", got ${shown(overlap)}`);
}

/** A recurring job. */
export interface Schedule {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  /** Version of its type under which the payload was stored; its jobs have it, too. */
  readonly payloadVersion: number;
  /** Of the key that the payload is encrypted with; null if it is not. */
  readonly keyId: string | null;
  /** A cron expression, or `every N ms`. */
  readonly expression: string;
  readonly timeZone: string;
  readonly catchUp: CatchUp;
  readonly overlap: Overlap;
  readonly isActive: boolean;
  readonly lastRunAt: Date | null;
  readonly nextRunAt: Date;
  readonly createdAt: Date;
  /** Grows with each change of the schedule; the slots it takes are none. */
  readonly version: number;
}

/** What became of the declared schedules, by id. */
export interface DeclaredSchedules {
  readonly added: readonly string[];
  /** Left as an operator edited them. */
  readonly kept: readonly string[];
  /** No longer declared, and so switched off. */
  readonly deactivated: readonly string[];
}

/** A slot is late, and so a matter of catching up, once it lies this far back. */
const LATE_SLOT_MS = 60_000;

/**
 * The first instant after `after` that a cron expression names.
 * A fixed time of day that a spring gap leaves out runs at the gap's end, one that comes twice in autumn runs once.
 * With `*` or a step as hour or minute every such instant counts, as often as it really comes.
 * @param expression five fields (minute hour day month weekday) or six with seconds first; 0 and 7 are Sunday. Or
 *   `every N ms`, which is counted from 1970-01-01T00:00Z in any zone
 * @param after the instant to look from; it is itself never returned
 * @param timeZone IANA name, e.g. `Europe/Berlin`
 * @throws {ScheduleInvalidError} if the expression or the zone is invalid, or never comes true
 */
export function computeNextRun(expression: string, after: Date, timeZone: string): Date {
  return runsOf(expression, timeZone)(after);
}

/** More than anybody reads, and still quick to find. */
const MOST_RUNS = 1_000;

/**
 * The next instants that an expression names, as a preview.
 * @param options.timeZone IANA name; UTC by default
 * @param options.after the instant to look from, itself left out
 * @param options.count how many, from 1 to 1,000; 5 by default
 * @throws {ScheduleInvalidError} as `computeNextRun` does, and if `count` is out of range
 * @example
 * nextRuns("0 9 * * MON", { timeZone: "Europe/Berlin", after: new Date(), count: 3 });
 */
export function nextRuns(
  expression: string,
  {
    timeZone = "UTC",
    after,
    count = 5,
  }: { readonly timeZone?: string; readonly after: Date; readonly count?: number },
): Date[] {
  if (!Number.isInteger(count) || count < 1 || count > MOST_RUNS)
    throw new ScheduleInvalidError(
      `count must be a whole number from 1 to ${MOST_RUNS}, got ${shown(count)}`,
    );
  const nextRun = runsOf(expression, timeZone);
  const runs: Date[] = [];
  for (let run = nextRun(after); runs.length < count; run = nextRun(run)) runs.push(run);
  return runs;
}

const INTERVAL = /^every ([1-9]\d{0,11}) ms$/;
/** Schedulers look once a second. */
const SHORTEST_INTERVAL_MS = 1_000;
const LONGEST_INTERVAL_MS = 366 * 24 * 60 * 60_000;

/**
 * How an interval is written where a cron expression stands.
 * @throws {ScheduleInvalidError} if it is not a whole number from a second to 366 days
 */
export function intervalExpression(everyMs: number): string {
  if (Number.isInteger(everyMs) && everyMs >= SHORTEST_INTERVAL_MS && everyMs <= LONGEST_INTERVAL_MS)
    return `every ${everyMs} ms`;
  throw new ScheduleInvalidError(
    `everyMs must be a whole number from ${SHORTEST_INTERVAL_MS} to ${LONGEST_INTERVAL_MS}, got ${shown(everyMs)}`,
  );
}

/** A date or a year would make a schedule that ends; those are no recurring jobs. */
const FIVE_OR_SIX_FIELDS = /^\s*\S+(?:\s+\S+){4,5}\s*$/;

/** Reads an expression once, as that costs more than finding a run; the result finds the first run after an instant. */
function runsOf(expression: string, timeZone: string): (after: Date) => Date {
  const refuse = (reason: string, options?: ErrorOptions): never => {
    throw new ScheduleInvalidError(
      `Cannot use cron expression "${expression}" in zone "${timeZone}": ${reason}`,
      options,
    );
  };
  const attempt = <Result>(step: () => Result): Result => {
    try {
      return step();
    } catch (cause) {
      return refuse(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  };
  if (!isTimeZone(timeZone)) refuse("there is no such zone; it must be an IANA name, such as Europe/Berlin");
  const interval = INTERVAL.exec(expression)?.[1];
  if (interval !== undefined) {
    const everyMs = Number(interval);
    intervalExpression(everyMs);
    return (after) => new Date((Math.floor(after.getTime() / everyMs) + 1) * everyMs);
  }
  if (!FIVE_OR_SIX_FIELDS.test(expression))
    refuse(
      "it must have five fields (minute hour day month weekday), or six with seconds first; " +
        "names such as @daily are none, and an interval is { everyMs }",
    );
  const cron = attempt(() => new Cron(expression, { timezone: timeZone, paused: true }));
  return (after) => attempt(() => cron.nextRun(after)) ?? refuse("it never comes true");
}

function isTimeZone(name: string): boolean {
  if (name === "") return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    // A RangeError is how `Intl` says no.
    return false;
  }
}

/** Which slots of a schedule to enqueue now, and when the next one is. */
export interface DueSlots {
  readonly slots: readonly Date[];
  readonly nextRunAt: Date;
}

/**
 * Decides what is due. A schedule whose next run lies further ahead than its expression allows (the clock was set
 * back) is brought back within reach.
 * @param schedule expression, zone, catch-up policy and the stored next run
 * @param now the present
 */
export function dueSlots(
  schedule: Pick<Schedule, "expression" | "timeZone" | "catchUp" | "nextRunAt">,
  now: Date,
): DueSlots {
  const { expression, timeZone, catchUp } = schedule;
  const nextRun = runsOf(expression, timeZone);
  const nextRunAt = nextRun(now);
  if (schedule.nextRunAt > now) return { slots: [], nextRunAt: min(schedule.nextRunAt, nextRunAt) };

  if (typeof catchUp === "object") {
    const { max, maxAgeMs } = catchUp.all;
    // What is not late is no matter of catching up, and so never too old.
    const reachMs = Math.max(maxAgeMs, LATE_SLOT_MS - 1);
    const oldest = new Date(Math.max(schedule.nextRunAt.getTime(), now.getTime() - reachMs));
    return { slots: newestSlots(nextRun, oldest, now, max), nextRunAt };
  }
  const [latest = schedule.nextRunAt] = newestSlots(nextRun, schedule.nextRunAt, now, 1);
  const late = now.getTime() - latest.getTime() >= LATE_SLOT_MS;
  return { slots: catchUp === "skip" && late ? [] : [latest], nextRunAt };
}

/**
 * The newest `max` slots in [first, now], oldest first: looks back over growing windows, so a year's downtime is not
 * walked minute by minute.
 */
function newestSlots(nextRun: (after: Date) => Date, first: Date, now: Date, max: number): Date[] {
  for (let windowMs = 1_000; ; windowMs *= 4) {
    const from = new Date(Math.max(first.getTime(), now.getTime() - windowMs));
    const slots = slotsBetween(nextRun, from, now);
    if (slots.length >= max || from <= first) return slots.slice(-max);
  }
}

function slotsBetween(nextRun: (after: Date) => Date, from: Date, to: Date): Date[] {
  const slots: Date[] = [];
  for (let slot = nextRun(new Date(from.getTime() - 1)); slot <= to; slot = nextRun(slot)) slots.push(slot);
  return slots;
}

function min(a: Date, b: Date): Date {
  return a < b ? a : b;
}
