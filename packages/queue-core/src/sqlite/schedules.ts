import { describeError } from "../error-text.ts";
import { ScheduleInvalidError } from "../errors.ts";
import { parseJobId } from "../job-id.ts";
import { keyIdOf, storedLineOf, versionOf } from "../line.ts";
import { type CatchUp, computeNextRun, dueSlots, type Overlap, type Schedule } from "../schedule.ts";
import type { NewJob, NewSchedule, SlotJob } from "../store.ts";
import type { Connection } from "./connection.ts";
import { type EnqueueTime, enqueueJobs } from "./enqueue.ts";
import type { RunCounts } from "./run-counts.ts";

interface ScheduleRow {
  readonly id: string;
  readonly type: string;
  readonly payload: string;
  /** Of the jobs that it makes; null where it is the type. */
  readonly line: string | null;
  readonly cron_expression: string;
  readonly time_zone: string;
  readonly catch_up: string;
  readonly last_run_at: number | null;
  readonly next_run_at: number;
  readonly is_active: number;
  readonly created_at: number;
  readonly version: number;
  readonly overlap: Overlap;
}

/** Adds a schedule or updates it. The next run is kept unless expression or zone changed, so a deploy skips no slot. */
export function registerSchedule(connection: Connection, schedule: NewSchedule, nowMs: number): Schedule {
  const nextRunAt = computeNextRun(schedule.expression, new Date(nowMs), schedule.timeZone).getTime();
  const row = connection.get<ScheduleRow>(
    `INSERT INTO cron_schedules (id, type, payload, cron_expression, time_zone, catch_up, overlap, next_run_at,
       created_at, line)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
       type = excluded.type, payload = excluded.payload, line = excluded.line, catch_up = excluded.catch_up,
       overlap = excluded.overlap, version = version + 1,
       next_run_at = CASE
         WHEN cron_expression = excluded.cron_expression AND time_zone = excluded.time_zone THEN next_run_at
         ELSE excluded.next_run_at END,
       cron_expression = excluded.cron_expression, time_zone = excluded.time_zone
     RETURNING *`,
    schedule.id,
    schedule.type,
    schedule.payload,
    schedule.expression,
    schedule.timeZone,
    JSON.stringify(schedule.catchUp),
    schedule.overlap,
    nextRunAt,
    nowMs,
    storedLineOf(schedule),
  );
  if (!row) throw new Error(`Schedule ${schedule.id} was not stored`);
  return toSchedule(row);
}

export function listSchedules(connection: Connection): Schedule[] {
  return connection.all<ScheduleRow>("SELECT * FROM cron_schedules ORDER BY id").map(toSchedule);
}

export function findSchedule(connection: Connection, id: string): Schedule | null {
  const row = connection.get<ScheduleRow>("SELECT * FROM cron_schedules WHERE id = ?", id);
  return row ? toSchedule(row) : null;
}

/** Whether any schedule has work to do: a read, so that a quiet scheduler writes nothing. */
export function hasDueSlots(connection: Connection, nowMs: number): boolean {
  return activeSchedules(connection).some(
    (schedule) => schedule.nextRunAt.getTime() <= nowMs || isOutOfReach(schedule, nowMs),
  );
}

/** Whether the next run lies further ahead than the expression allows, as after the clock was set back. */
function isOutOfReach({ expression, timeZone, nextRunAt }: Schedule, nowMs: number): boolean {
  try {
    return computeNextRun(expression, new Date(nowMs), timeZone) < nextRunAt;
  } catch {
    // Cannot be worked: `takeDueSlots` says what is wrong, without holding up the others.
    return true;
  }
}

/** What became of the schedules that were due. */
export interface TakenSlots {
  readonly added: number;
  /** Schedules that could not be worked, each with what is wrong with it. */
  readonly broken: readonly { readonly id: string; readonly error: unknown }[];
}

/**
 * Enqueues what is due. The schedules are read again under the write lock, and `cron_slot` refuses a slot a second time
 * even when the clock was set back, so any number of schedulers add each slot once. A schedule that cannot be worked
 * (its type is gone, its payload no longer fits) keeps its slot and does not hold up the others.
 */
export function takeDueSlots(
  connection: Connection,
  counts: RunCounts,
  jobFor: SlotJob,
  time: EnqueueTime,
): TakenSlots {
  let added = 0;
  const broken: { id: string; error: unknown }[] = [];
  for (const schedule of activeSchedules(connection)) {
    const due = planSlots(schedule, jobFor, time.nowMs);
    if ("error" in due) {
      broken.push({ id: schedule.id, error: due.error });
      continue;
    }
    let lastRunAt = schedule.lastRunAt?.getTime() ?? null;
    for (const { slotAtMs, job } of due.slots) {
      if (!takeSlot(connection, counts, schedule, slotAtMs, job, time)) continue;
      lastRunAt = slotAtMs;
      added += 1;
    }
    if (due.nextRunAtMs !== schedule.nextRunAt.getTime()) {
      connection.run(
        "UPDATE cron_schedules SET next_run_at = ?, last_run_at = ? WHERE id = ?",
        due.nextRunAtMs,
        lastRunAt,
        schedule.id,
      );
    }
  }
  return { added, broken };
}

/** The error about schedules that could not be worked, thrown when the others' jobs are committed. */
export function brokenSchedules(broken: TakenSlots["broken"], added: number): ScheduleInvalidError {
  const reasons = broken.map(({ id, error }) => `${id}: ${describeError(error)}`);
  const others = `${added} jobs of other schedules were added`;
  return new ScheduleInvalidError(
    `Correct these schedules or switch them off, they cannot be worked (${others}): ${reasons.join("; ")}`,
    { cause: broken.length === 1 ? broken[0]?.error : new AggregateError(broken.map(({ error }) => error)) },
  );
}

interface SlotPlan {
  readonly slots: readonly { readonly slotAtMs: number; readonly job: NewJob }[];
  readonly nextRunAtMs: number;
}

/** Builds the jobs before anything is written, so that what throws leaves no trace. */
function planSlots(
  schedule: Schedule,
  jobFor: SlotJob,
  nowMs: number,
): SlotPlan | { readonly error: unknown } {
  try {
    const { slots, nextRunAt } = dueSlots(schedule, new Date(nowMs));
    const jobs = slots.map((slot) => ({ slotAtMs: slot.getTime(), job: jobFor(schedule, slot.getTime()) }));
    return { slots: jobs, nextRunAtMs: nextRunAt.getTime() };
  } catch (error) {
    return { error };
  }
}

/** Whether a slot became a job: it may be taken already, or passed over as the last job has not ended. */
function takeSlot(
  connection: Connection,
  counts: RunCounts,
  { id, overlap }: Schedule,
  slotAtMs: number,
  job: NewJob,
  time: EnqueueTime,
): boolean {
  const taken = connection.run(
    "INSERT INTO cron_slot (schedule_id, slot_at, seq) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
    id,
    slotAtMs,
  );
  if (taken === 0) return false;
  if (overlap === "skip" && hasOpenJob(connection, id)) return false;
  const [outcome] = enqueueJobs(connection, counts, [job], time);
  const seq = parseJobId(outcome?.job.id ?? "")?.seq ?? 0;
  connection.run("UPDATE cron_slot SET seq = ? WHERE schedule_id = ? AND slot_at = ?", seq, id, slotAtMs);
  connection.run("UPDATE cron_schedules SET last_seq = ? WHERE id = ?", seq, id);
  return true;
}

/** Whether the last job that a schedule made has not ended; one that waits for its retry has not. */
function hasOpenJob(connection: Connection, scheduleId: string): boolean {
  const row = connection.get<{ isOpen: number }>(
    `SELECT EXISTS (SELECT 1 FROM ready h WHERE h.type = coalesce(j.line, j.type) AND h.np = -j.priority
         AND h.tag = coalesce(j.tag, j.due_at) AND h.seq = j.seq)
       OR EXISTS (SELECT 1 FROM gated h WHERE h.seq = j.seq)
       OR EXISTS (SELECT 1 FROM running h WHERE h.seq = j.seq)
       OR EXISTS (SELECT 1 FROM scheduled h WHERE h.due_at = j.due_at AND h.seq = j.seq)
       OR EXISTS (SELECT 1 FROM waiting h WHERE h.seq = j.seq) AS isOpen
     FROM cron_schedules s JOIN job j ON j.seq = s.last_seq WHERE s.id = ?`,
    scheduleId,
  );
  return row?.isOpen === 1;
}

function activeSchedules(connection: Connection): Schedule[] {
  return connection
    .all<ScheduleRow>("SELECT * FROM cron_schedules WHERE is_active = 1 ORDER BY id")
    .map(toSchedule);
}

function toSchedule(row: ScheduleRow): Schedule {
  return {
    id: row.id,
    type: row.type,
    payload: JSON.parse(row.payload),
    payloadVersion: versionOf(row.line ?? row.type),
    keyId: keyIdOf(row.line ?? row.type),
    expression: row.cron_expression,
    timeZone: row.time_zone,
    catchUp: JSON.parse(row.catch_up) as CatchUp,
    overlap: row.overlap,
    isActive: row.is_active === 1,
    lastRunAt: row.last_run_at === null ? null : new Date(row.last_run_at),
    nextRunAt: new Date(row.next_run_at),
    createdAt: new Date(row.created_at),
    version: row.version,
  };
}
