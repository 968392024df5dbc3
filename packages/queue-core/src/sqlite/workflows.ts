import { JobStateError, WorkflowNotFoundError } from "../errors.ts";
import type { Job, JobStatus } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import { allows } from "../transitions.ts";
import type { WorkflowCounts } from "../workflow.ts";
import { cancelJob } from "./cancel.ts";
import type { Connection } from "./connection.ts";
import { getJobBySeq } from "./jobs.ts";
import { locate } from "./locate.ts";
import { reviveUnlessTaken } from "./revive.ts";
import type { RunCounts } from "./run-counts.ts";

/** Jobs of a workflow that are cancelled or retried per transaction: some milliseconds of work. */
const CHUNK = 100;

interface CountRow {
  readonly status: JobStatus;
  readonly detached: number;
  readonly jobs: number;
  readonly first: number;
  readonly last: number;
  readonly cancelled_at: number | null;
}

/** Counts the jobs of a workflow; null if it has none. */
export function countWorkflow(connection: Connection, workflowId: string): WorkflowCounts | null {
  const rows = connection.all<CountRow>(
    `SELECT status, detached, count(*) AS jobs, min(created_at) AS first, max(updated_at) AS last,
       (SELECT cancelled_at FROM cancelled_workflow WHERE id = ?) AS cancelled_at
     FROM workflow_jobs WHERE workflow_id = ? GROUP BY status, detached`,
    workflowId,
    workflowId,
  );
  if (rows.length === 0) return null;
  const cancelledAt = rows[0]?.cancelled_at ?? null;
  return {
    byStatus: Object.fromEntries(
      rows.filter((row) => row.detached === 0).map((row) => [row.status, row.jobs]),
    ),
    startedAt: new Date(Math.min(...rows.map(({ first }) => first))),
    updatedAt: new Date(Math.max(...rows.map(({ last }) => last))),
    cancelledAt: cancelledAt === null ? null : new Date(cancelledAt),
  };
}

/** Whether a workflow was cancelled as a whole: no job of it may become claimable any more. */
export function isWorkflowCancelled(connection: Connection, workflowId: string): boolean {
  return connection.get("SELECT 1 FROM cancelled_workflow WHERE id = ?", workflowId) !== undefined;
}

/** Whether any was: almost never, so that jobs that come in lists need not be asked about one by one. */
export function isAnyWorkflowCancelled(connection: Connection): boolean {
  return connection.get("SELECT 1 FROM cancelled_workflow LIMIT 1") !== undefined;
}

/**
 * Cancels the first chunk of a workflow's jobs. From now on whatever they still add is stored as cancelled.
 * @returns the last job that was looked at; null when all were
 * @throws {WorkflowNotFoundError}
 */
export function beginCancelling(
  connection: Connection,
  counts: RunCounts,
  workflowId: string,
  nowMs: number,
): number | null {
  requireWorkflow(connection, workflowId);
  connection.run(
    "INSERT INTO cancelled_workflow (id, cancelled_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
    workflowId,
    nowMs,
  );
  return cancelChunk(connection, counts, workflowId, 0, nowMs);
}

/** Where a workflow stands that a process began to cancel and did not end, as it died or is at it; if there is any. */
export function nextHalfCancelled(
  connection: Connection,
): { readonly id: string; readonly after: number } | undefined {
  return connection.get("SELECT id, after FROM cancelled_workflow WHERE after IS NOT NULL LIMIT 1");
}

/**
 * Cancels a chunk of the jobs of a workflow that is cancelled; those that run are flagged.
 * @returns the last job that was looked at; null when all were
 */
export function cancelChunk(
  connection: Connection,
  counts: RunCounts,
  workflowId: string,
  after: number,
  nowMs: number,
): number | null {
  const rows = connection.all<{ seq: number; created_at: number }>(
    "SELECT seq, created_at FROM job WHERE workflow_id = ? AND seq > ? ORDER BY seq LIMIT ?",
    workflowId,
    after,
    CHUNK,
  );
  for (const { seq, created_at } of rows) {
    const id = formatJobId(created_at, seq);
    const job = locate(connection, id);
    // An earlier one may have taken it along.
    if (job && allows("cancel", job.status)) cancelJob(connection, counts, id, nowMs);
    // Nor does the retry of a parent elsewhere bring back what it had cancelled here.
    else
      connection.run(
        "UPDATE finished SET cancel_cause = NULL WHERE seq = ? AND cancel_cause IS NOT NULL",
        seq,
      );
  }
  const last = rows[CHUNK - 1]?.seq ?? null;
  connection.run("UPDATE cancelled_workflow SET after = ? WHERE id = ?", last, workflowId);
  return last;
}

/**
 * Retries one chunk of a workflow's dead letters, and with them what their deaths had cancelled.
 * @throws {WorkflowNotFoundError}
 * @throws {JobStateError} if the workflow was cancelled as a whole
 */
export function retryChunk(
  connection: Connection,
  counts: RunCounts,
  workflowId: string,
  after: number,
  nowMs: number,
): { readonly revived: number; readonly next: number | null } {
  requireWorkflow(connection, workflowId);
  if (isWorkflowCancelled(connection, workflowId))
    throw new JobStateError(
      `Cannot retry workflow ${workflowId}: it was cancelled as a whole; start a new one instead`,
      "cancelled",
    );
  const rows = connection.all<{ id: string; seq: number }>(
    `SELECT d.id, d.seq FROM job j JOIN dead_letter_jobs d ON d.seq = j.seq
     WHERE j.workflow_id = ? AND j.seq > ? ORDER BY j.seq LIMIT ?`,
    workflowId,
    after,
    CHUNK,
  );
  const revived = rows.filter(({ id }) => reviveUnlessTaken(connection, counts, id, nowMs)).length;
  return { revived, next: rows[CHUNK - 1]?.seq ?? null };
}

/** The jobs that a job depends on, in the order of their creation. */
export function parentsOf(connection: Connection, seq: number): readonly Job[] {
  return connection
    .all<{ parent: number }>("SELECT parent FROM edge WHERE child = ? ORDER BY parent", seq)
    .flatMap(({ parent }) => getJobBySeq(connection, parent) ?? []);
}

/** Forgets that workflows were cancelled of which no job is left, when that is long past. */
export function pruneWorkflows(connection: Connection, beforeMs: number): void {
  connection.run(
    `DELETE FROM cancelled_workflow WHERE cancelled_at < ?
     AND NOT EXISTS (SELECT 1 FROM job j WHERE j.workflow_id = cancelled_workflow.id)`,
    beforeMs,
  );
}

function requireWorkflow(connection: Connection, workflowId: string): void {
  if (connection.get("SELECT 1 FROM job WHERE workflow_id = ? LIMIT 1", workflowId)) return;
  throw new WorkflowNotFoundError(
    `There is no workflow ${workflowId}; its jobs may have been deleted after their retention`,
  );
}
