import { Cron } from "croner";
import { ScheduleInvalidError } from "./errors.ts";

/**
 * What to do with slots that passed while no scheduler ran: nothing (`skip`), one job for the latest (`once`), or one
 * job each (`all`), at most `max` of the newest and none older than `maxAgeMs`.
 */
export type CatchUp = "skip" | "once" | { readonly all: { readonly max: number; readonly maxAgeMs: number } };

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
export const LATE_SLOT_MS = 60_000;

/**
 * The first instant after `after` that a cron expression names.
 * In a spring gap a fixed hour runs at the gap's end; an hour that comes twice in autumn runs once.
 * @param expression five fields (minute hour day month weekday) or six with seconds first; 0 and 7 are Sunday
 * @param after the instant to look from; it is itself never returned
 * @param timeZone IANA name, e.g. `Europe/Berlin`
 * @throws {ScheduleInvalidError} if the expression or the zone is invalid, or never comes true
 */
export function computeNextRun(expression: string, after: Date, timeZone: string): Date {
  let next: Date | null;
  try {
    next = new Cron(expression, { timezone: timeZone, paused: true }).nextRun(after);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ScheduleInvalidError(
      `Cannot use cron expression "${expression}" in zone "${timeZone}": ${reason}`,
      { cause },
    );
  }
  if (!next) throw new ScheduleInvalidError(`Cron expression "${expression}" never comes true`);
  return next;
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
  const nextRunAt = computeNextRun(expression, now, timeZone);
  if (schedule.nextRunAt > now) return { slots: [], nextRunAt: min(schedule.nextRunAt, nextRunAt) };

  if (typeof catchUp === "object") {
    const { max, maxAgeMs } = catchUp.all;
    const oldest = new Date(Math.max(schedule.nextRunAt.getTime(), now.getTime() - maxAgeMs));
    return { slots: slotsBetween(expression, timeZone, oldest, now).slice(-max), nextRunAt };
  }
  const latest = latestSlot(expression, timeZone, schedule.nextRunAt, now);
  const late = now.getTime() - latest.getTime() >= LATE_SLOT_MS;
  return { slots: catchUp === "skip" && late ? [] : [latest], nextRunAt };
}

function slotsBetween(expression: string, timeZone: string, from: Date, to: Date): Date[] {
  const slots: Date[] = [];
  let slot = computeNextRun(expression, new Date(from.getTime() - 1), timeZone);
  while (slot <= to) {
    slots.push(slot);
    slot = computeNextRun(expression, slot, timeZone);
  }
  return slots;
}

/** The newest slot in [first, now]: looks back over growing windows, so a year's downtime is not walked by minutes. */
function latestSlot(expression: string, timeZone: string, first: Date, now: Date): Date {
  for (let windowMs = 60_000; ; windowMs *= 4) {
    const from = new Date(Math.max(first.getTime(), now.getTime() - windowMs));
    const newest = slotsBetween(expression, timeZone, from, now).at(-1);
    if (newest) return newest;
    if (from.getTime() <= first.getTime()) return first;
  }
}

function min(a: Date, b: Date): Date {
  return a < b ? a : b;
}
