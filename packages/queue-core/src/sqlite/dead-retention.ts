import type { RetentionPolicy } from "../store.ts";
import type { Connection } from "./connection.ts";
import { forgetDeadLetter } from "./dead-letters.ts";
import {
  type EndedWorkflows,
  hasEnded,
  LOOK_AT_MOST,
  type Look,
  PRUNE_CHUNK,
  shortest,
} from "./retention.ts";
import type { RunCounts } from "./run-counts.ts";

export interface OldDeath {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly failed_at: number;
  readonly workflow_id: string | null;
}

export interface DeathPlace {
  readonly failedAt: number;
  readonly seq: number;
}

export const FIRST_DEATH: DeathPlace = { failedAt: Number.MIN_SAFE_INTEGER, seq: 0 };

/** Whether any dead letter is ever old: by default they are kept until somebody has seen to them. */
export function forgetsDeaths(policy: RetentionPolicy): boolean {
  return shortest(policy, ["deadMs"], policy.deadMs ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY;
}

/** Finds dead letters that are past the retention of their type, in the order of their deaths. */
export function findDeaths(
  connection: Connection,
  policy: RetentionPolicy,
  { after, ended }: { readonly after: DeathPlace; readonly ended: EndedWorkflows },
  nowMs: number,
): Look<OldDeath, DeathPlace> {
  const queueWideMs = policy.deadMs ?? Number.POSITIVE_INFINITY;
  const rows = connection.all<OldDeath>(
    `SELECT id, seq, type, failed_at, workflow_id FROM dead_letter_jobs
     WHERE (failed_at, seq) > (?, ?) AND failed_at <= ? ORDER BY failed_at, seq LIMIT ?`,
    after.failedAt,
    after.seq,
    nowMs - shortest(policy, ["deadMs"], queueWideMs),
    LOOK_AT_MOST,
  );
  const old: OldDeath[] = [];
  for (const row of rows) {
    const keepMs = policy.byType?.[row.type]?.deadMs ?? queueWideMs;
    if (row.failed_at > nowMs - keepMs) continue;
    if (!hasEnded(ended, row.workflow_id, (id) => hasOpen(connection, id))) continue;
    if (old.push(row) === PRUNE_CHUNK) return { old, next: { failedAt: row.failed_at, seq: row.seq } };
  }
  const last = rows[LOOK_AT_MOST - 1];
  return { old, next: last ? { failedAt: last.failed_at, seq: last.seq } : null };
}

/** Whether a job of a workflow may still run. */
function hasOpen(connection: Connection, workflowId: string): boolean {
  const sql = `SELECT 1 FROM job j WHERE j.workflow_id = ?
    AND NOT EXISTS (SELECT 1 FROM finished f WHERE f.seq = j.seq)
    AND NOT EXISTS (SELECT 1 FROM dead_letter_jobs d WHERE d.seq = j.seq) LIMIT 1`;
  return connection.get(sql, workflowId) !== undefined;
}

/**
 * Deletes dead letters that were found to be old, as their discarding does. Kept: those that an open child still names,
 * or that have not told all their children yet.
 * @returns how many went
 */
export function pruneDeaths(
  connection: Connection,
  counts: RunCounts,
  old: readonly OldDeath[],
  nowMs: number,
): number {
  let pruned = 0;
  for (const { id, seq } of old) {
    // It may have been retried since it was found; its id names this one death.
    if (connection.get("SELECT 1 FROM dead_letter_jobs WHERE id = ?", id) === undefined) continue;
    if (isNeeded(connection, seq)) continue;
    forgetDeadLetter(connection, counts, id, nowMs);
    pruned += 1;
  }
  return pruned;
}

function isNeeded(connection: Connection, seq: number): boolean {
  return (
    connection.get("SELECT 1 FROM telling WHERE parent = ?", seq) !== undefined ||
    connection.get(
      `SELECT 1 FROM edge e WHERE e.parent = ? AND NOT EXISTS (SELECT 1 FROM finished f WHERE f.seq = e.child)
         AND NOT EXISTS (SELECT 1 FROM dead_letter_jobs d WHERE d.seq = e.child) LIMIT 1`,
      seq,
    ) !== undefined
  );
}
