import { OptionInvalidError } from "../errors.ts";
import { formatJobId } from "../job-id.ts";
import type { RetentionPolicy } from "../store.ts";
import type { Connection } from "./connection.ts";
import { countIn } from "./count-jobs.ts";
import { dropSpentNumbers, forgetJob } from "./dead-letters.ts";
import type { RunCounts } from "./run-counts.ts";
import { forgetReports } from "./run-reports.ts";
import { pruneWorkflows } from "./workflows.ts";

/** Jobs looked at per transaction: about a millisecond of work, so that nobody waits for the lock. */
const PRUNE_CHUNK = 100;
/** Taken slots are kept this long, in milliseconds: longer than any clock is set back. */
const KEEP_SLOTS_MS = 14 * 24 * 60 * 60_000;

interface OldRow {
  readonly n: number;
  readonly seq: number;
  readonly type: string;
  readonly status: "completed" | "cancelled";
  readonly finished_at: number;
  readonly created_at: number;
  readonly workflow_id: string | null;
}

export interface PruneStep {
  readonly pruned: number;
  /** Where the next chunk begins; null when all was looked at. */
  readonly next: number | null;
}

/**
 * Nothing is older than NaN, and nothing younger: it would delete all that has ended.
 * @throws {OptionInvalidError}
 */
export function requireRetention({ keepMs, keepMsByType = {} }: RetentionPolicy): void {
  for (const [name, ms] of [["keepMs", keepMs] as const, ...Object.entries(keepMsByType)]) {
    if (ms >= 0) continue;
    const which = name === "keepMs" ? name : `keepMsByType["${name}"]`;
    throw new OptionInvalidError(`${which} must be a number of milliseconds from 0, got ${ms}`);
  }
}

/** Which workflows have ended, of those that one round of pruning has met. */
export type EndedWorkflows = Map<string, boolean>;

/**
 * Sees which workflows of the next chunk have ended. A read, and once a round: of one that has, all jobs are looked at,
 * and nobody is to wait for the lock meanwhile. What joins one of them during the round comes too late for its jobs.
 */
export function lookAhead(connection: Connection, after: number, ended: EndedWorkflows): void {
  for (const { workflow_id: id } of oldRows(connection, after))
    if (id !== null && !ended.has(id)) ended.set(id, !hasUnfinished(connection, id));
}

function hasUnfinished(connection: Connection, workflowId: string): boolean {
  const sql = `SELECT 1 FROM job j WHERE j.workflow_id = ?
    AND NOT EXISTS (SELECT 1 FROM finished f WHERE f.seq = j.seq) LIMIT 1`;
  return connection.get(sql, workflowId) !== undefined;
}

function oldRows(connection: Connection, after: number): readonly OldRow[] {
  return connection.all<OldRow>(
    `SELECT f.n, f.seq, f.type, f.status, f.finished_at, j.created_at, j.workflow_id
     FROM finished f JOIN job j ON j.seq = f.seq WHERE f.n > ? ORDER BY f.n LIMIT ?`,
    after,
    PRUNE_CHUNK,
  );
}

/**
 * Deletes one chunk of ended jobs that are past their retention. Kept: jobs that an unfinished child or workflow still
 * names, those that the retry of a dead letter would bring back, and the newest job of all, so that a row number is
 * never given twice.
 */
export function pruneChunk(
  connection: Connection,
  counts: RunCounts,
  policy: RetentionPolicy,
  { after, ended }: { readonly after: number; readonly ended: EndedWorkflows },
  nowMs: number,
): PruneStep {
  const shortestMs = Math.min(policy.keepMs, ...Object.values(policy.keepMsByType ?? {}));
  const rows = oldRows(connection, after);
  const newest = connection.get<{ seq: number }>("SELECT max(seq) AS seq FROM job")?.seq ?? 0;
  const gone: number[] = [];
  for (const row of rows) {
    const keepMs = policy.keepMsByType?.[row.type] ?? policy.keepMs;
    if (row.finished_at > nowMs - keepMs || row.seq === newest) continue;
    if (row.workflow_id !== null && !ended.get(row.workflow_id)) continue;
    if (isNeeded(connection, row.seq)) continue;
    if (gone.length === 0) countIn(connection, counts);
    connection.run("DELETE FROM finished WHERE n = ?", row.n);
    counts.addFinished(row.type, row.status, -1);
    forgetJob(connection, counts, { ...row, id: formatJobId(row.created_at, row.seq) });
    gone.push(row.seq);
  }
  if (gone.length > 0) forgetReports(connection, gone);
  const last = rows.at(-1);
  // Rows are appended as jobs end: once one is younger than the shortest retention, so are all that follow.
  const done = !last || rows.length < PRUNE_CHUNK || last.finished_at > nowMs - shortestMs;
  return { pruned: gone.length, next: done ? null : last.n };
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
