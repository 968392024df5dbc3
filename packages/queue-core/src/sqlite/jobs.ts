import type { Attempt, Job, JobStatus } from "../job.ts";
import { formatJobId, parseJobId } from "../job-id.ts";
import { keyIdOf, versionOf } from "../line.ts";
import { readForDisplay } from "../payload.ts";
import type { FailedRun, JobQuery, Page } from "../store.ts";
import type { Connection } from "./connection.ts";
import { readCursor, requirePageSize, toPage, writeCursor } from "./page.ts";

interface JobRow {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly payload: string;
  /** Null where it is the type. */
  readonly line: string | null;
  readonly status: JobStatus;
  readonly priority: number;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly snoozes: number;
  readonly last_error: string | null;
  readonly scheduled_at: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly completed_at: number | null;
  readonly locked_by: string | null;
  readonly locked_at: number | null;
  readonly workflow_id: string | null;
  readonly detached: number;
  readonly slot_at: number | null;
  readonly result: string | null;
  readonly step: string | null;
}

/** `jobs` and the dead letters as one, as the view `workflow_jobs` has it but without its workflow. */
const COLUMNS = `id, seq, type, payload, status, priority, attempts, max_attempts, last_error, scheduled_at, created_at,
  updated_at, completed_at, locked_by, locked_at, workflow_id, detached, slot_at, result,
  snoozes, step, line`;
const DEAD_AS_JOB = `SELECT d.original_job_id AS id, d.seq, d.type, d.payload, 'failed' AS status, d.priority,
  d.attempts, d.max_attempts, d.last_error, j.due_at AS scheduled_at, d.created_at, d.failed_at AS updated_at,
  NULL AS completed_at, NULL AS locked_by, NULL AS locked_at, d.workflow_id, j.detached, j.slot_at, NULL AS result,
  j.snoozes, j.step, d.line
  FROM dead_letter_jobs d JOIN job j ON j.seq = d.seq`;

export function getJob(connection: Connection, jobId: string): Job | null {
  const parsed = parseJobId(jobId);
  const job = parsed && getJobBySeq(connection, parsed.seq);
  return job && job.id === jobId ? job : null;
}

export function getJobBySeq(connection: Connection, seq: number): Job | null {
  const row =
    connection.get<JobRow>(`SELECT ${COLUMNS} FROM jobs WHERE seq = ?`, seq) ??
    connection.get<JobRow>(`${DEAD_AS_JOB} WHERE d.seq = ?`, seq);
  return row ? toJob(row) : null;
}

/** The table that holds the rows of each state. */
const TABLE_OF: Readonly<Record<JobStatus, string>> = {
  waiting: "waiting",
  scheduled: "scheduled",
  pending: "(SELECT seq FROM ready UNION ALL SELECT seq FROM gated)",
  processing: "running",
  completed: "finished",
  cancelled: "finished",
  failed: "dead_letter_jobs",
};

/**
 * Newest first. Seqs are looked up in the table of the state asked for (or in `job`), and only a page of them is read
 * whole: the view `jobs` would visit every row.
 * @throws {OptionInvalidError} if the page cannot be one
 */
export function listJobs(connection: Connection, query: JobQuery): Page<Job> {
  requirePageSize(query.limit);
  const [before = Number.MAX_SAFE_INTEGER] = readCursor(query.cursor, 1) ?? [];
  const filters = ["j.seq < ?"];
  const parameters: unknown[] = [before];
  for (const [column, value] of [
    ["type", query.type],
    ["workflow_id", query.workflowId],
  ] as const) {
    if (value === undefined) continue;
    filters.push(`j.${column} = ?`);
    parameters.push(value);
  }
  if (query.status === "completed" || query.status === "cancelled") {
    filters.push("h.status = ?");
    parameters.push(query.status);
  }
  const { from, probe } = inState(connection, query.status);
  if (probe !== undefined) filters.push(`(${probe})`);
  const rows = connection.all<{ seq: number }>(
    `SELECT j.seq FROM ${from} WHERE ${filters.join(" AND ")} ORDER BY j.seq DESC LIMIT ?`,
    ...parameters,
    query.limit + 1,
  );
  const jobs = rows.slice(0, query.limit).flatMap(({ seq }) => getJobBySeq(connection, seq) ?? []);
  return toPage(jobs, rows, query.limit, (row) => writeCursor(row.seq));
}

/** How each row of a state is found from its job, for those tables that are not kept in the order of `seq`. */
const PROBE: Readonly<Partial<Record<JobStatus, string>>> = {
  pending: `EXISTS (SELECT 1 FROM ready h
      WHERE h.type = j.type AND h.np = -j.priority AND h.tag = coalesce(j.tag, j.due_at) AND h.seq = j.seq)
    OR EXISTS (SELECT 1 FROM gated h WHERE h.seq = j.seq)`,
  scheduled: "EXISTS (SELECT 1 FROM scheduled h WHERE h.due_at = j.due_at AND h.seq = j.seq)",
};
/** So many rows are sorted in about a millisecond. */
const SORTED_AT_MOST = 2_000;

/** The jobs in a state: few are sorted, of many the newest jobs are looked through until a page of them is found. */
function inState(
  connection: Connection,
  status: JobStatus | undefined,
): { readonly from: string; readonly probe?: string | undefined } {
  if (status === undefined) return { from: "job j" };
  const table = TABLE_OF[status];
  const probe = PROBE[status];
  if (probe && connection.get(`SELECT 1 FROM ${table} LIMIT 1 OFFSET ${SORTED_AT_MOST}`))
    return { from: "job j", probe };
  return { from: `${table} h JOIN job j ON j.seq = h.seq` };
}

export function workflowJobs(connection: Connection, workflowId: string): Job[] {
  return connection
    .all<JobRow>(`SELECT ${COLUMNS} FROM workflow_jobs WHERE workflow_id = ? ORDER BY seq`, workflowId)
    .map(toJob);
}

interface AttemptRow {
  readonly attempt: number;
  readonly outcome: Attempt["outcome"];
  readonly error: string | null;
  readonly worker_id: string | null;
  readonly started_at: number;
  readonly finished_at: number;
}

/** All recorded runs of a job, oldest first; the one that completed is its `finished` row. */
export function attemptsOf(connection: Connection, jobId: string): Attempt[] {
  const seq = parseJobId(jobId)?.seq ?? -1;
  return connection
    .all<AttemptRow>(
      `SELECT attempt, outcome, error, worker_id, started_at, finished_at FROM (
         SELECT n, attempt, outcome, error, worker_id, started_at, finished_at FROM attempt WHERE seq = ?
         UNION ALL
         SELECT 9e15, attempts, 'completed', NULL, worker_id, claimed_at, finished_at
         FROM finished WHERE seq = ? AND status = 'completed'
       ) ORDER BY n`,
      seq,
      seq,
    )
    .map(toAttempt);
}

export function recentFailures(connection: Connection, limit: number): FailedRun[] {
  return connection
    .all<AttemptRow & { seq: number; created_at: number; type: string }>(
      `SELECT a.*, j.created_at, j.type FROM attempt a JOIN job j ON j.seq = a.seq
       WHERE NOT EXISTS (SELECT 1 FROM discarded_jobs d WHERE d.seq = a.seq) ORDER BY a.n DESC LIMIT ?`,
      limit,
    )
    .map((row) => ({ ...toAttempt(row), jobId: formatJobId(row.created_at, row.seq), type: row.type }));
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    attempt: row.attempt,
    outcome: row.outcome,
    error: row.error,
    workerId: row.worker_id,
    startedAt: new Date(row.started_at),
    finishedAt: new Date(row.finished_at),
  };
}

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    type: row.type,
    payload: readForDisplay(row.payload),
    payloadVersion: versionOf(row.line ?? row.type),
    keyId: keyIdOf(row.line ?? row.type),
    status: row.status,
    priority: row.priority,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    snoozes: row.snoozes,
    lastError: row.last_error,
    scheduledAt: new Date(row.scheduled_at),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    completedAt: toDate(row.completed_at),
    lockedBy: row.locked_by,
    lockedAt: toDate(row.locked_at),
    workflowId: row.workflow_id,
    detached: row.detached === 1,
    slotAt: toDate(row.slot_at),
    step: row.step,
    result: row.result === null ? null : readForDisplay(row.result),
  };
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
