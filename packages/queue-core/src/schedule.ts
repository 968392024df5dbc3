import { Cron } from "croner";
import { ScheduleInvalidError } from "./errors.ts";

/**
 * What to do with slots that passed while no scheduler ran: nothing (`skip`), one job for the latest (`once`), or one
 * job each (`all`), at most `max` of the newest and none older than `maxAgeMs`.
 */
export type CatchUp = "skip" | "once" | { readonly all: { readonly max: number; readonly maxAgeMs: number } };

/** Every slot that is caught up is a job, and all of them are added in one transaction. */
const MOST_SLOTS = 1_000;

/** @throws {ScheduleInvalidError} if the limits of catching up are out of range */
export function requireCatchUp(catchUp: CatchUp): void {
  if (typeof catchUp !== "object") return;
  const { max, maxAgeMs } = catchUp.all;
  if (Number.isInteger(max) && max >= 1 && max <= MOST_SLOTS && maxAgeMs >= 0) return;
  throw new ScheduleInvalidError(
    `catchUp.all takes max from 1 to ${MOST_SLOTS} and maxAgeMs from 0, got ${max} and ${maxAgeMs}`,
  );
}

/** A recurring job. */
export interface Schedule {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  readonly expression: string;
  readonly timeZone: string;
  readonly catchUp: CatchUp;
  readonly isActive: boolean;
  readonly lastRunAt: Date | null;
  readonly nextRunAt: Date;
  readonly createdAt: Date;
}

/** A slot is late, and so a matter of catching up, once it lies this far back. */
const LATE_SLOT_MS = 60_000;

/**
 * The first instant after `after` that a cron expression names.
 * A fixed time of day that a spring gap leaves out runs at the gap's end, one that comes twice in autumn runs once.
 * With `*` or a step as hour or minute every such instant counts, as often as it really comes.
 * @param expression five fields (minute hour day month weekday) or six with seconds first; 0 and 7 are Sunday
 * @param after the instant to look from; it is itself never returned
 * @param timeZone IANA name, e.g. `Europe/Berlin`
 * @throws {ScheduleInvalidError} if the expression or the zone is invalid, or never comes true
 */
export function computeNextRun(expression: string, after: Date, timeZone: string): Date {
  return runsOf(expression, timeZone)(after);
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
  if (!FIVE_OR_SIX_FIELDS.test(expression)) refuse("it must have five fields, or six with seconds first");
  if (timeZone === "") refuse("the zone must be an IANA name");
  const cron = attempt(() => new Cron(expression, { timezone: timeZone, paused: true }));
  return (after) => attempt(() => cron.nextRun(after)) ?? refuse("it never comes true");
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
    const oldest = new Date(Math.max(schedule.nextRunAt.getTime(), now.getTime() - maxAgeMs));
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
