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

/** What the store says a worker holds. */
export function heldBy(connection: Connection, workerId: string): HeldJob[] {
  return connection
    .all<{ seq: number; created_at: number; token: number; cancel_requested_at: number | null }>(
      `SELECT r.seq, j.created_at, r.token, r.cancel_requested_at FROM running r JOIN job j ON j.seq = r.seq
       WHERE r.worker_id = ?`,
      workerId,
    )
    .map((row) => ({
      id: formatJobId(row.created_at, row.seq),
      leaseToken: row.token,
      cancelRequested: row.cancel_requested_at !== null,
    }));
}

/** The newest lease token that was given out; each claim makes the next one. */
export function newestLease(connection: Connection): number {
  return connection.get<{ last: number }>("SELECT last FROM lease_counter")?.last ?? 0;
}
