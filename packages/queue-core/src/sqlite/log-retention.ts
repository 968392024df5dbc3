import type { RetentionPolicy } from "../store.ts";
import type { Connection } from "./connection.ts";
import { LOOK_AT_MOST, type Look, PRUNE_CHUNK, shortest } from "./retention.ts";

export interface OldLog {
  readonly n: number;
  readonly told_at: number;
  readonly type: string;
}

export interface LogPlace {
  readonly toldAt: number;
  readonly n: number;
}

export const FIRST_LOG: LogPlace = { toldAt: Number.MIN_SAFE_INTEGER, n: 0 };

/** Whether any log goes before its job does. */
export function forgetsLogs(policy: RetentionPolicy): boolean {
  return shortest(policy, ["logMs"], policy.logMs ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY;
}

/** Finds logs of runs that are past the retention of their type, the oldest first. */
export function findLogs(
  connection: Connection,
  policy: RetentionPolicy,
  after: LogPlace,
  nowMs: number,
): Look<OldLog, LogPlace> {
  const queueWideMs = policy.logMs ?? Number.POSITIVE_INFINITY;
  const rows = connection.all<OldLog>(
    `SELECT r.n, r.told_at, j.type FROM run_report r JOIN job j ON j.seq = r.seq
     WHERE r.log IS NOT NULL AND (r.told_at, r.n) > (?, ?) AND r.told_at <= ? ORDER BY r.told_at, r.n LIMIT ?`,
    after.toldAt,
    after.n,
    nowMs - shortest(policy, ["logMs"], queueWideMs),
    LOOK_AT_MOST,
  );
  const old: OldLog[] = [];
  for (const row of rows) {
    if (row.told_at > nowMs - (policy.byType?.[row.type]?.logMs ?? queueWideMs)) continue;
    if (old.push(row) === PRUNE_CHUNK) return { old, next: { toldAt: row.told_at, n: row.n } };
  }
  const last = rows[LOOK_AT_MOST - 1];
  return { old, next: last ? { toldAt: last.told_at, n: last.n } : null };
}

/** Deletes the logs, but not what else those runs told; returns how many. */
export function pruneLogs(connection: Connection, old: readonly OldLog[]): number {
  return connection.run(
    `UPDATE run_report SET log = NULL, log_cut = 0
     FROM json_each(?) e WHERE n = e.value ->> 0 AND told_at = e.value ->> 1`,
    JSON.stringify(old.map(({ n, told_at: at }) => [n, at])),
  );
}
