import { parseJobId } from "../job-id.ts";
import { type CatchUp, computeNextRun, dueSlots, type Schedule } from "../schedule.ts";
import type { NewSchedule, SlotJob } from "../store.ts";
import type { Connection } from "./connection.ts";
import { type EnqueueTime, enqueueJobs } from "./enqueue.ts";
import type { RunCounts } from "./run-counts.ts";

interface ScheduleRow {
  readonly id: string;
  readonly type: string;
  readonly payload: string;
  readonly cron_expression: string;
  readonly time_zone: string;
  readonly catch_up: string;
  readonly last_run_at: number | null;
  readonly next_run_at: number;
  readonly is_active: number;
  readonly created_at: number;
}

/** Adds a schedule or updates it. The next run is kept unless expression or zone changed, so a deploy skips no slot. */
export function registerSchedule(connection: Connection, schedule: NewSchedule, nowMs: number): Schedule {
  const nextRunAt = computeNextRun(schedule.expression, new Date(nowMs), schedule.timeZone).getTime();
  const row = connection.get<ScheduleRow>(
    `INSERT INTO cron_schedules (id, type, payload, cron_expression, time_zone, catch_up, next_run_at, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
       type = excluded.type, payload = excluded.payload, catch_up = excluded.catch_up,
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
    nextRunAt,
    nowMs,
  );
  if (!row) throw new Error(`Schedule ${schedule.id} was not stored`);
  return toSchedule(row);
}

export function listSchedules(connection: Connection): Schedule[] {
  return connection.all<ScheduleRow>("SELECT * FROM cron_schedules ORDER BY id").map(toSchedule);
}

/** Whether any schedule has work to do: a read, so that a quiet scheduler writes nothing. */
export function hasDueSlots(connection: Connection, nowMs: number): boolean {
  return activeSchedules(connection).some((schedule) => {
    const due = dueSlots(schedule, new Date(nowMs));
    return schedule.nextRunAt.getTime() <= nowMs || due.nextRunAt < schedule.nextRunAt;
  });
}

/**
 * Enqueues what is due. The schedules are read again under the write lock, and `cron_slot` refuses a slot a second time
 * even when the clock was set back, so any number of schedulers add each slot once.
 */
export function takeDueSlots(
  connection: Connection,
  counts: RunCounts,
  jobFor: SlotJob,
  time: EnqueueTime,
): number {
  let added = 0;
  for (const schedule of activeSchedules(connection)) {
    const { slots, nextRunAt } = dueSlots(schedule, new Date(time.nowMs));
    let lastRunAt = schedule.lastRunAt?.getTime() ?? null;
    for (const slot of slots) {
      if (!takeSlot(connection, counts, jobFor, schedule, slot.getTime(), time)) continue;
      lastRunAt = slot.getTime();
      added += 1;
    }
    if (nextRunAt.getTime() !== schedule.nextRunAt.getTime()) {
      connection.run(
        "UPDATE cron_schedules SET next_run_at = ?, last_run_at = ? WHERE id = ?",
        nextRunAt.getTime(),
        lastRunAt,
        schedule.id,
      );
    }
  }
  return added;
}

function takeSlot(
  connection: Connection,
  counts: RunCounts,
  jobFor: SlotJob,
  schedule: Schedule,
  slotAtMs: number,
  time: EnqueueTime,
): boolean {
  const taken = connection.run(
    "INSERT INTO cron_slot (schedule_id, slot_at, seq) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
    schedule.id,
    slotAtMs,
  );
  if (taken === 0) return false;
  const [outcome] = enqueueJobs(connection, counts, [jobFor(schedule, slotAtMs)], time);
  const seq = parseJobId(outcome?.job.id ?? "")?.seq ?? 0;
  connection.run(
    "UPDATE cron_slot SET seq = ? WHERE schedule_id = ? AND slot_at = ?",
    seq,
    schedule.id,
    slotAtMs,
  );
  return true;
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
    expression: row.cron_expression,
    timeZone: row.time_zone,
    catchUp: JSON.parse(row.catch_up) as CatchUp,
    isActive: row.is_active === 1,
    lastRunAt: row.last_run_at === null ? null : new Date(row.last_run_at),
    nextRunAt: new Date(row.next_run_at),
    createdAt: new Date(row.created_at),
  };
}
