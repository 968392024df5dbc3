import { JobNotFoundError, ScheduleConflictError } from "../errors.ts";
import { storedLineOf } from "../line.ts";
import { computeNextRun, type Schedule } from "../schedule.ts";
import type { AuditEntry, NewSchedule } from "../store.ts";
import { appendAudit } from "./audit.ts";
import type { Connection } from "./connection.ts";
import { findSchedule } from "./schedules.ts";

/** @throws {JobNotFoundError} */
function requireSchedule(connection: Connection, id: string): Schedule {
  const schedule = findSchedule(connection, id);
  if (!schedule) throw new JobNotFoundError(`There is no schedule ${id}`);
  return schedule;
}

/** Stops the slots of a schedule. One that is paused stays so, unaudited. */
export function pauseSchedule(
  connection: Connection,
  id: string,
  audit: AuditEntry,
  nowMs: number,
): Schedule {
  if (requireSchedule(connection, id).isActive) {
    connection.run("UPDATE cron_schedules SET is_active = 0, version = version + 1 WHERE id = ?", id);
    appendAudit(connection, audit, nowMs);
  }
  return requireSchedule(connection, id);
}

/** Goes on with the first slot after now: whoever paused it did not want those in between. */
export function resumeSchedule(
  connection: Connection,
  id: string,
  audit: AuditEntry,
  nowMs: number,
): Schedule {
  const { isActive, expression, timeZone } = requireSchedule(connection, id);
  if (!isActive) {
    connection.run(
      "UPDATE cron_schedules SET is_active = 1, is_withdrawn = 0, next_run_at = ?, version = version + 1 WHERE id = ?",
      computeNextRun(expression, new Date(nowMs), timeZone).getTime(),
      id,
    );
    appendAudit(connection, audit, nowMs);
  }
  return requireSchedule(connection, id);
}

/** Changes a schedule that is still at `version`; its next run is planned anew if its times changed. */
export function editSchedule(
  connection: Connection,
  schedule: NewSchedule,
  version: number,
  audit: AuditEntry,
  nowMs: number,
): Schedule {
  const { id, payload, expression, timeZone, catchUp, overlap } = schedule;
  const before = requireSchedule(connection, id);
  const isTimedAnew = before.expression !== expression || before.timeZone !== timeZone;
  const nextRunAt = isTimedAnew ? computeNextRun(expression, new Date(nowMs), timeZone) : before.nextRunAt;
  const changed = connection.run(
    `UPDATE cron_schedules SET payload = ?, line = ?, cron_expression = ?, time_zone = ?, catch_up = ?, overlap = ?,
       next_run_at = ?, is_edited = 1, version = version + 1 WHERE id = ? AND version = ?`,
    payload,
    storedLineOf(schedule),
    expression,
    timeZone,
    JSON.stringify(catchUp),
    overlap,
    nextRunAt.getTime(),
    id,
    version,
  );
  if (changed === 0) {
    throw new ScheduleConflictError(
      `Schedule ${id} was changed meanwhile: look at it again (it is at version ${before.version}, not ${version})`,
    );
  }
  appendAudit(connection, audit, nowMs);
  return requireSchedule(connection, id);
}

/** Deletes a schedule. The slots it took stay noted, so that none comes again if it is registered anew. */
export function removeSchedule(connection: Connection, id: string, audit: AuditEntry, nowMs: number): void {
  requireSchedule(connection, id);
  connection.run("DELETE FROM cron_schedules WHERE id = ?", id);
  appendAudit(connection, audit, nowMs);
}
