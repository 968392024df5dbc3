import type { DeclaredSchedules } from "../schedule.ts";
import type { NewSchedule } from "../store.ts";
import type { Connection } from "./connection.ts";
import { findSchedule, registerSchedule } from "./schedules.ts";

interface StandingRow {
  readonly id: string;
  readonly type: string;
  readonly is_edited: number;
  readonly is_withdrawn: number;
}

/**
 * Makes the declared schedules those that `declared` lists. What an operator edited is left as it is, unless its type
 * changed under it: then its payload need not fit. What an operator paused stays paused.
 */
export function declareSchedules(
  connection: Connection,
  declared: readonly NewSchedule[],
  nowMs: number,
): DeclaredSchedules {
  const outcome = { added: [], kept: [], deactivated: [] } as Record<keyof DeclaredSchedules, string[]>;
  for (const schedule of declared) {
    const row = standing(connection, schedule.id);
    if (row?.is_edited === 1 && row.type === schedule.type) {
      outcome.kept.push(schedule.id);
    } else {
      if (!row) outcome.added.push(schedule.id);
      if (!isAsDeclared(connection, schedule)) registerSchedule(connection, schedule, nowMs);
      connection.run("UPDATE cron_schedules SET is_edited = 0 WHERE id = ? AND is_edited = 1", schedule.id);
    }
    connection.run("UPDATE cron_schedules SET is_declared = 1 WHERE id = ? AND is_declared = 0", schedule.id);
    if (row?.is_withdrawn === 1) redeclare(connection, schedule.id);
  }
  const ids = JSON.stringify(declared.map(({ id }) => id));
  const gone = connection.all<{ id: string }>(
    `UPDATE cron_schedules SET is_active = 0, is_withdrawn = 1, version = version + 1
     WHERE is_declared = 1 AND is_active = 1 AND id NOT IN (SELECT value FROM json_each(?)) RETURNING id`,
    ids,
  );
  outcome.deactivated.push(...gone.map(({ id }) => id).toSorted());
  return outcome;
}

function standing(connection: Connection, id: string): StandingRow | undefined {
  return connection.get<StandingRow>(
    "SELECT id, type, is_edited, is_withdrawn FROM cron_schedules WHERE id = ?",
    id,
  );
}

/** A start that changes nothing leaves the version, so that it makes no operator's edit fail. */
function isAsDeclared(connection: Connection, schedule: NewSchedule): boolean {
  const found = findSchedule(connection, schedule.id);
  return (
    found !== null &&
    found.type === schedule.type &&
    JSON.stringify(found.payload) === schedule.payload &&
    found.payloadVersion === schedule.payloadVersion &&
    found.keyId === schedule.keyId &&
    found.expression === schedule.expression &&
    found.timeZone === schedule.timeZone &&
    JSON.stringify(found.catchUp) === JSON.stringify(schedule.catchUp) &&
    found.overlap === schedule.overlap
  );
}

/** Back in the code: it goes on by its catch-up policy, as after any time in which nobody took its slots. */
function redeclare(connection: Connection, id: string): void {
  connection.run(
    "UPDATE cron_schedules SET is_active = 1, is_withdrawn = 0, version = version + 1 WHERE id = ?",
    id,
  );
}
