import { JobNotFoundError } from "../errors.ts";
import type { JobStatus } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import type { HeldJob } from "../store.ts";
import { assertAllowed } from "../transitions.ts";
import type { Connection } from "./connection.ts";
import { appendFinished } from "./finished.ts";
import { takePending } from "./gated.ts";
import { type Location, locate } from "./locate.ts";
import type { RunCounts } from "./run-counts.ts";
import { tellDeath } from "./tell-children.ts";

/**
 * Cancels a job that has not started; flags one that runs, whose next write ends it.
 * @throws {JobNotFoundError | JobStateError}
 */
export function cancelJob(
  connection: Connection,
  counts: RunCounts,
  jobId: string,
  nowMs: number,
): JobStatus {
  const job = locate(connection, jobId);
  if (!job) throw new JobNotFoundError(`There is no job ${jobId}`);
  assertAllowed("cancel", jobId, job.status);
  if (job.status === "processing") {
    connection.run(
      "UPDATE running SET cancel_requested_at = ? WHERE seq = ? AND cancel_requested_at IS NULL",
      nowMs,
      job.seq,
    );
    return "processing";
  }
  const attempts = takeOut(connection, job);
  if (job.status === "scheduled" || job.status === "waiting") counts.addState(job.type, job.status, -1);
  appendFinished(connection, counts, {
    seq: job.seq,
    type: job.type,
    status: "cancelled",
    finishedAt: nowMs,
    attempts,
  });
  tellDeath(connection, counts, job.seq, nowMs);
  return "cancelled";
}

/** The runs of a worker that carry the flag: nearly always none, and found in an index of those alone. */
export function cancelRequests(connection: Connection, workerId: string): HeldJob[] {
  return connection
    .all<{ seq: number; created_at: number; token: number }>(
      `SELECT r.seq, j.created_at, r.token FROM running r JOIN job j ON j.seq = r.seq
       WHERE r.worker_id = ? AND r.cancel_requested_at IS NOT NULL`,
      workerId,
    )
    .map((row) => ({
      id: formatJobId(row.created_at, row.seq),
      leaseToken: row.token,
      cancelRequested: true,
    }));
}

/** Removes a job from the table of its state; returns the attempts it had spent. */
function takeOut(connection: Connection, job: Location): number {
  const { seq, dueAt } = job;
  const row =
    job.status === "pending"
      ? takePending(connection, job)
      : job.status === "scheduled"
        ? connection.get<{ attempts: number }>(
            "DELETE FROM scheduled WHERE due_at = ? AND seq = ? RETURNING attempts",
            dueAt,
            seq,
          )
        : connection.get<{ attempts: number }>(
            "DELETE FROM waiting WHERE seq = ? RETURNING 0 AS attempts",
            seq,
          );
  if (!row) throw new Error(`Job ${seq} was located as ${job.status} but is not there`);
  return row.attempts;
}
