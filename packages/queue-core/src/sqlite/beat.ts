// Apart from workers.ts, so that the heartbeat's thread loads little: it starts sooner and holds less memory.
import { formatJobId } from "../job-id.ts";
import type { HeldJob } from "../store.ts";
import type { Connection } from "./connection.ts";

/** Shows that a worker is alive: others watch the counter change, not the time. */
export function beat(
  connection: Connection,
  worker: { readonly id: string; readonly leaseMs: number },
  nowMs: number,
): void {
  connection.run(
    `INSERT INTO worker (id, lease_ms, beat, started_at, seen_at) VALUES (?, ?, 1, ?, ?)
     ON CONFLICT DO UPDATE SET beat = beat + 1, lease_ms = excluded.lease_ms, seen_at = excluded.seen_at`,
    worker.id,
    worker.leaseMs,
    nowMs,
    nowMs,
  );
}

/** A run as its row has it. */
export interface HeldRun extends HeldJob {
  readonly type: string;
  /** Spent before this run. */
  readonly attempts: number;
  readonly maxAttempts: number;
}

interface HeldRow {
  readonly seq: number;
  readonly created_at: number;
  readonly token: number;
  readonly type: string;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly cancel_requested_at: number | null;
}

/** What the store says a worker holds. */
export function heldBy(connection: Connection, workerId: string): HeldJob[] {
  return runsHeldBy(connection, workerId).map(toHeldJob);
}

export function runsHeldBy(connection: Connection, workerId: string): HeldRun[] {
  return connection
    .all<HeldRow>(
      `SELECT r.seq, j.created_at, r.token, r.type, r.attempts, j.max_attempts, r.cancel_requested_at
       FROM running r JOIN job j ON j.seq = r.seq WHERE r.worker_id = ?`,
      workerId,
    )
    .map((row) => ({
      id: formatJobId(row.created_at, row.seq),
      leaseToken: row.token,
      type: row.type,
      attempts: row.attempts,
      maxAttempts: row.max_attempts,
      cancelRequested: row.cancel_requested_at !== null,
    }));
}

export function toHeldJob({ id, leaseToken, cancelRequested }: HeldRun): HeldJob {
  return { id, leaseToken, cancelRequested };
}

/** The newest lease token that was given out; each claim makes the next one. */
function newestLease(connection: Connection): number {
  return connection.get<{ last: number }>("SELECT last FROM lease_counter")?.last ?? 0;
}

/** A beat by itself, with what the worker held at that instant and the newest lease token there was. */
export function beatOnce(
  connection: Connection,
  worker: { readonly id: string; readonly leaseMs: number; readonly lines: readonly string[] },
  nowMs: number,
): { readonly held: readonly HeldRun[]; readonly newestToken: number } {
  connection.run("BEGIN IMMEDIATE");
  try {
    beat(connection, worker, nowMs);
    const lines = JSON.stringify(worker.lines);
    // Here and not with each claim: a row that was forgotten meanwhile is made again by either.
    connection.run("UPDATE worker SET lines = ? WHERE id = ? AND lines IS NOT ?", lines, worker.id, lines);
    const held = runsHeldBy(connection, worker.id);
    const newestToken = newestLease(connection);
    connection.run("COMMIT");
    return { held, newestToken };
  } catch (error) {
    if (connection.database.inTransaction) connection.run("ROLLBACK");
    throw error;
  }
}
