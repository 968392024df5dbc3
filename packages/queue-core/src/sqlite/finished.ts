import type { Connection } from "./connection.ts";
import type { RunCounts } from "./run-counts.ts";
import { clearSuspect } from "./suspects.ts";
import { releaseEnded } from "./unique-keys.ts";

export interface FinishedRow {
  readonly seq: number;
  readonly type: string;
  readonly status: "completed" | "cancelled";
  readonly finishedAt: number;
  readonly attempts: number;
  readonly result?: string | null;
  readonly workerId?: string;
  readonly claimedAt?: number;
  /** The parent whose death or cancellation cancelled this job. */
  readonly cancelCause?: number;
}

/** Appends a job to those that have ended. */
export function appendFinished(connection: Connection, counts: RunCounts, row: FinishedRow): void {
  connection.run(
    `INSERT INTO finished (seq, type, status, finished_at, attempts, result, worker_id, claimed_at, cancel_cause)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.seq,
    row.type,
    row.status,
    row.finishedAt,
    row.attempts,
    row.result ?? null,
    row.workerId ?? null,
    row.claimedAt ?? null,
    row.cancelCause ?? null,
  );
  counts.addFinished(row.type, row.status, 1);
  releaseEnded(connection, [row.seq]);
  // However it ended, it ended: nothing is left to be suspected of.
  clearSuspect(connection, row.seq);
}
