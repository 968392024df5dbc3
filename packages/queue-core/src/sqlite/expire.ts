import { formatJobId } from "../job-id.ts";
import { keyIdOf, typeOf, versionOf } from "../line.ts";
import { readPayload } from "../payload.ts";
import type { ExpiredJob, Expiry } from "../store.ts";
import type { Connection } from "./connection.ts";
import { appendDeadLetter } from "./dead-letters.ts";
import { type EnqueueTime, enqueueJobs } from "./enqueue.ts";
import { takePending } from "./gated.ts";
import { chunksOfTypes, unionOfTypes } from "./per-type.ts";
import type { ReadyKey } from "./ready-row.ts";
import type { RunCounts } from "./run-counts.ts";
import { clearSuspect } from "./suspects.ts";
import { tellDeath } from "./tell-children.ts";

/** One transaction gives up at most this many jobs, as each costs about what a failed run does. */
export const EXPIRE_AT_MOST = 100;

/** Whether a job has stood in the line for longer than it may. */
export function isExpired(row: ReadyKey, nowMs: number): boolean {
  return row.expires_at !== null && row.expires_at <= nowMs;
}

/** Whether a job of these lines has expired: a read, so that a quiet queue writes nothing. */
export function hasExpired(connection: Connection, lines: readonly string[], nowMs: number): boolean {
  return expiredRows(connection, lines, nowMs, 1).length > 0;
}

/**
 * Gives up jobs of these lines that have stood in the line for too long.
 * @returns how many; if as many as fit into one transaction, there may be more
 */
export function expireJobs(
  connection: Connection,
  counts: RunCounts,
  { lines, bury }: Expiry,
  time: EnqueueTime,
): number {
  const rows = expiredRows(connection, lines, time.nowMs, EXPIRE_AT_MOST);
  for (const row of rows) expireJob(connection, counts, row, bury, time);
  return rows.length;
}

/** Moves one job from the line to the dead letters, with what its hook asks for. */
export function expireJob(
  connection: Connection,
  counts: RunCounts,
  row: ReadyKey,
  bury: Expiry["bury"],
  time: EnqueueTime,
): void {
  const { seq, type, np, attempts } = row;
  takePending(connection, { seq, line: type, priority: -np });
  const { error, followUps } = bury(readExpired(connection, row));
  appendDeadLetter(connection, counts, { seq, attempts, error, reason: "expired", failedAt: time.nowMs });
  clearSuspect(connection, seq);
  tellDeath(connection, counts, seq, time.nowMs);
  enqueueJobs(connection, counts, followUps, time);
}

function readExpired(connection: Connection, { seq, type, attempts }: ReadyKey): ExpiredJob {
  const job = connection.get<{
    payload: string;
    created_at: number;
    workflow_id: string | null;
    expire_after_ms: number;
  }>("SELECT payload, created_at, workflow_id, expire_after_ms FROM job WHERE seq = ?", seq);
  if (!job) throw new Error(`Ready job ${seq} has no row in job`);
  return {
    id: formatJobId(job.created_at, seq),
    type: typeOf(type),
    payload: readPayload(job.payload),
    payloadVersion: versionOf(type),
    keyId: keyIdOf(type),
    workflowId: job.workflow_id,
    attempts,
    expireAfterMs: job.expire_after_ms,
  };
}

/** One seek per line into an index that holds nothing but jobs which can expire. */
export function expiredSql(types: number, from: "ready" | "gated" = "ready"): string {
  const line = from === "ready" ? "type" : "line";
  const arm = `SELECT ${line} AS type, np, tag, seq, attempts, expires_at FROM ${from}
    WHERE ${line} = ? AND expires_at <= ?`;
  return `${unionOfTypes(types, arm)} LIMIT ?`;
}

function expiredRows(
  connection: Connection,
  lines: readonly string[],
  nowMs: number,
  limit: number,
): readonly ReadyKey[] {
  const rows: ReadyKey[] = [];
  for (const chunk of chunksOfTypes(lines))
    for (const from of ["ready", "gated"] as const) {
      const parameters = chunk.flatMap((line) => [line, nowMs]);
      const sql = expiredSql(chunk.length, from);
      rows.push(...connection.all<ReadyKey>(sql, ...parameters, limit - rows.length));
      if (rows.length >= limit) return rows;
    }
  return rows;
}
