import { formatJobId } from "../job-id.ts";
import type { RetentionPolicy } from "../store.ts";
import type { Connection } from "./connection.ts";
import { countIn } from "./count-jobs.ts";
import { dropSpentNumbers, forgetJob } from "./dead-letters.ts";
import type { RunCounts } from "./run-counts.ts";
import { forgetReports } from "./run-reports.ts";
import { pruneWorkflows } from "./workflows.ts";

/** Jobs deleted per transaction: about a millisecond of work, so that nobody waits for the lock. */
export const PRUNE_CHUNK = 100;
/** Rows that are read to find them. A read holds up no writer, but it blocks its own process. */
export const LOOK_AT_MOST = 500;
/** Taken slots are kept this long, in milliseconds: longer than any clock is set back. */
const KEEP_SLOTS_MS = 14 * 24 * 60 * 60_000;

export interface OldRow {
  readonly n: number;
  readonly seq: number;
  readonly type: string;
  readonly status: "completed" | "cancelled";
  readonly finished_at: number;
  readonly created_at: number;
  readonly workflow_id: string | null;
}

/** What a look at old rows has found, and where the next one begins; null when all was looked at. */
export interface Look<Row, Place> {
  readonly old: readonly Row[];
  readonly next: Place | null;
}

/** Which workflows have ended, of those that one round of pruning has met last. */
export type EndedWorkflows = Map<string, boolean>;

/** So many are remembered: a round may meet a million of them, and jobs of one workflow mostly end close together. */
const MOST_REMEMBERED = 10_000;

/** Asked once while it is remembered: of a workflow that has ended all jobs are looked at. */
export function hasEnded(
  ended: EndedWorkflows,
  workflowId: string | null,
  hasUnfinished: (workflowId: string) => boolean,
): boolean {
  if (workflowId === null) return true;
  const known = ended.get(workflowId) ?? !hasUnfinished(workflowId);
  if (ended.size >= MOST_REMEMBERED) ended.clear();
  ended.set(workflowId, known);
  return known;
}

/** The shortest of a kind that any type has. */
export function shortest(
  policy: RetentionPolicy,
  kinds: readonly ("completedMs" | "cancelledMs" | "deadMs" | "logMs")[],
  queueWideMs: number,
): number {
  const ofTypes = Object.values(policy.byType ?? {}).flatMap((own) => kinds.map((kind) => own[kind]));
  return Math.min(queueWideMs, ...ofTypes.filter((ms) => ms !== undefined));
}

/**
 * Finds ended jobs that are past the retention of their type, in the order in which they ended. A read: of those that
 * are kept longer than others there may be many, and nobody is to wait for the lock meanwhile. What joins one of their
 * workflows during the round comes too late for them.
 */
export function findEnded(
  connection: Connection,
  policy: RetentionPolicy,
  { after, ended }: { readonly after: number; readonly ended: EndedWorkflows },
  nowMs: number,
): Look<OldRow, number> {
  const rows = connection.all<OldRow>(
    `SELECT f.n, f.seq, f.type, f.status, f.finished_at, j.created_at, j.workflow_id
     FROM finished f JOIN job j ON j.seq = f.seq WHERE f.n > ? ORDER BY f.n LIMIT ?`,
    after,
    LOOK_AT_MOST,
  );
  const old: OldRow[] = [];
  for (const row of rows) {
    const own = policy.byType?.[row.type];
    const keepMs = (row.status === "completed" ? own?.completedMs : own?.cancelledMs) ?? policy.keepMs;
    if (row.finished_at > nowMs - keepMs) continue;
    if (!hasEnded(ended, row.workflow_id, (id) => hasUnfinished(connection, id))) continue;
    if (old.push(row) === PRUNE_CHUNK) return { old, next: row.n };
  }
  const last = rows.at(-1);
  const shortestMs = shortest(policy, ["completedMs", "cancelledMs"], policy.keepMs);
  // Rows are appended as jobs end: once one is younger than the shortest retention, so are all that follow. Not so what
  // follows one from the future, whose clock was ahead.
  const isYoung = last && last.finished_at > nowMs - shortestMs && last.finished_at <= nowMs;
  const isDone = !last || rows.length < LOOK_AT_MOST || isYoung;
  return { old, next: isDone ? null : last.n };
}

function hasUnfinished(connection: Connection, workflowId: string): boolean {
  const sql = `SELECT 1 FROM job j WHERE j.workflow_id = ?
    AND NOT EXISTS (SELECT 1 FROM finished f WHERE f.seq = j.seq) LIMIT 1`;
  return connection.get(sql, workflowId) !== undefined;
}

/**
 * Deletes ended jobs that were found to be old. Kept: jobs that an unfinished child still names, those that the retry
 * of a dead letter would bring back, and the newest job of all, so that a row number is never given twice.
 * @returns how many went
 */
export function pruneEnded(connection: Connection, counts: RunCounts, old: readonly OldRow[]): number {
  const newest = connection.get<{ seq: number }>("SELECT max(seq) AS seq FROM job")?.seq ?? 0;
  const gone: number[] = [];
  for (const row of old) {
    if (row.seq === newest || isNeeded(connection, row.seq)) continue;
    if (gone.length === 0) countIn(connection, counts);
    // It may have come back since it was found, and even have ended again.
    const sql = "DELETE FROM finished WHERE n = ? AND seq = ? AND finished_at = ?";
    if (connection.run(sql, row.n, row.seq, row.finished_at) === 0) continue;
    counts.addFinished(row.type, row.status, -1);
    forgetJob(connection, counts, { ...row, id: formatJobId(row.created_at, row.seq) });
    gone.push(row.seq);
  }
  if (gone.length > 0) forgetReports(connection, gone);
  return gone.length;
}

/**
 * A child that has not ended still needs this job; so does the parent that cancelled it, as long as it is there and
 * might be retried. A parent that nobody can retry goes first.
 */
function isNeeded(connection: Connection, seq: number): boolean {
  return (
    connection.get("SELECT 1 FROM finished WHERE seq = ? AND cancel_cause IS NOT NULL", seq) !== undefined ||
    connection.get(
      `SELECT 1 FROM edge e WHERE e.parent = ? AND NOT EXISTS (SELECT 1 FROM finished f WHERE f.seq = e.child) LIMIT 1`,
      seq,
    ) !== undefined
  );
}

/** Deletes spent numbers and cancelled workflows that nothing reads any more. */
export function pruneHistory(connection: Connection, nowMs: number): void {
  dropSpentNumbers(connection);
  pruneWorkflows(connection, nowMs - KEEP_SLOTS_MS);
}

/** Deletes a chunk of the taken slots that nothing reads any more, schedule by schedule; returns how many. */
export function pruneSlots(connection: Connection, nowMs: number, atMost: number): number {
  const nextId = (after: string): string | undefined =>
    connection.get<{ id: string }>(
      "SELECT schedule_id AS id FROM cron_slot WHERE schedule_id > ? ORDER BY schedule_id LIMIT 1",
      after,
    )?.id;
  let deleted = 0;
  for (let id = nextId(""); id !== undefined && deleted < atMost; id = nextId(id))
    deleted += connection.run(
      `DELETE FROM cron_slot WHERE schedule_id = ? AND slot_at IN (
         SELECT slot_at FROM cron_slot WHERE schedule_id = ? AND slot_at < ? ORDER BY slot_at LIMIT ?)`,
      id,
      id,
      nowMs - KEEP_SLOTS_MS,
      atMost - deleted,
    );
  return deleted;
}
