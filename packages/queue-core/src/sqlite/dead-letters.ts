import type { DeadReason } from "../define-job.ts";
import { JobNotFoundError, JobStateError } from "../errors.ts";
import type { DeadLetter, Job } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import { keyIdOf, storedLineOf, versionOf } from "../line.ts";
import { readForDisplay } from "../payload.ts";
import type { DeadLetterFilter, DeadLetterQuery, Page, StoredPayload } from "../store.ts";
import { makeClaimable } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { countIn } from "./count-jobs.ts";
import { restoreDescendants } from "./dependencies.ts";
import { getJobBySeq, toPage } from "./jobs.ts";
import type { RunCounts } from "./run-counts.ts";
import { tellAll } from "./tell-children.ts";
import { releaseEnded, takeKeyAgain } from "./unique-keys.ts";

interface DeadRow {
  readonly seq: number;
  readonly id: string;
  readonly original_job_id: string;
  readonly type: string;
  readonly payload: string;
  /** The job's line; null where that is its type. */
  readonly line: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly failed_at: number;
  readonly reviewed: number;
  readonly notes: string | null;
  readonly workflow_id: string | null;
  readonly reason: DeadReason;
  readonly priority: number;
  readonly max_attempts: number;
  readonly created_at: number;
  readonly edited: number;
}

interface RevivedRow {
  readonly expireAfterMs: number | null;
  readonly limitKey: string | null;
  readonly groupKey: string | null;
}

/** Gives a job up: the dead letter is a copy that stands for itself, the cold row stays for its history. */
export function appendDeadLetter(
  connection: Connection,
  counts: RunCounts,
  dead: {
    readonly seq: number;
    readonly attempts: number;
    readonly error: string;
    readonly reason: DeadReason;
    readonly failedAt: number;
  },
): void {
  const job = connection.get<{ type: string; created_at: number }>(
    "SELECT type, created_at FROM job WHERE seq = ?",
    dead.seq,
  );
  if (!job) throw new Error(`Job ${dead.seq} has no row in job`);
  connection.run(
    `INSERT INTO dead_letter_jobs
       (seq, id, original_job_id, type, payload, line, attempts, last_error, failed_at, workflow_id, reason, priority,
        max_attempts, created_at)
     SELECT seq, ?, ?, type, payload, line, ?, ?, ?, workflow_id, ?, priority, max_attempts, created_at
     FROM job WHERE seq = ?`,
    formatJobId(dead.failedAt, dead.seq),
    formatJobId(job.created_at, dead.seq),
    dead.attempts,
    dead.error,
    dead.failedAt,
    dead.reason,
    dead.seq,
  );
  counts.addState(job.type, "failed", 1);
  counts.addState(job.type, "unreviewed", 1);
  releaseEnded(connection, [dead.seq]);
}

export function getDeadLetter(connection: Connection, id: string): DeadLetter | null {
  const row = findRow(connection, id);
  return row ? toDeadLetter(row) : null;
}

/** Newest first. */
export function listDeadLetters(connection: Connection, query: DeadLetterQuery): Page<DeadLetter> {
  const [failedAt, seq] = readCursor(query.cursor);
  const { filters, parameters } = conditions(query);
  const rows = connection.all<DeadRow>(
    `SELECT * FROM dead_letter_jobs WHERE ${["(failed_at, seq) < (?, ?)", ...filters].join(" AND ")}
     ORDER BY failed_at DESC, seq DESC LIMIT ?`,
    failedAt,
    seq,
    ...parameters,
    query.limit + 1,
  );
  return toPage(
    rows.map(toDeadLetter),
    rows,
    query.limit,
    (row) => `${row.failed_at.toString(36)}-${row.seq.toString(36)}`,
  );
}

function conditions(filter: DeadLetterFilter): {
  readonly filters: string[];
  readonly parameters: unknown[];
} {
  const filters: string[] = [];
  const parameters: unknown[] = [];
  if (filter.type !== undefined) {
    filters.push("type = ?");
    parameters.push(filter.type);
  }
  if (filter.reviewed !== undefined) {
    filters.push("reviewed = ?");
    parameters.push(filter.reviewed ? 1 : 0);
  }
  if (filter.reason !== undefined) {
    filters.push("reason = ?");
    parameters.push(filter.reason);
  }
  if (filter.failedFrom !== undefined) {
    filters.push("failed_at >= ?");
    parameters.push(filter.failedFrom.getTime());
  }
  if (filter.failedBefore !== undefined) {
    filters.push("failed_at < ?");
    parameters.push(filter.failedBefore.getTime());
  }
  if (filter.search !== undefined) {
    // Not LIKE, in which a per cent sign or an underscore stands for anything. A sealed error is no text to search.
    filters.push("instr(lower(last_error), lower(?)) > 0 AND last_error NOT GLOB '*sealed:*.*.*'");
    parameters.push(filter.search);
  }
  return { filters, parameters };
}

/** Dead letters revived per transaction: a few milliseconds of work, so that nobody waits long for the lock. */
const REVIVE_CHUNK = 100;
/** So many are looked at for that: where few fit, the lock is not held until a hundred are found. */
const LOOK_AT_MOST = 1_000;

/** What was cancelled as a whole is not brought back piece by piece. */
const OF_OPEN_WORKFLOW = "NOT EXISTS (SELECT 1 FROM cancelled_workflow c WHERE c.id = workflow_id)";

/** Where a chunk of dead letters begins and where all of them end, by time of death. */
export interface DeathSpan {
  readonly after: { readonly failedAt: number; readonly seq: number };
  readonly upToMs: number;
}

/** All dead letters there are now. The clock may have been set back since, so it is not asked. */
export function everyDeath(connection: Connection): DeathSpan {
  const newest = connection.get<{ at: number | null }>(
    "SELECT max(failed_at) AS at FROM dead_letter_jobs",
  )?.at;
  return { after: { failedAt: Number.MIN_SAFE_INTEGER, seq: 0 }, upToMs: newest ?? Number.MIN_SAFE_INTEGER };
}

/**
 * Revives one chunk of the dead letters that fit, in the order of their deaths: one that fails again at once is behind
 * us or past the end, and not revived for ever.
 * @returns how many were revived, and what is left; null when all were looked at
 */
export function reviveChunk(
  connection: Connection,
  counts: RunCounts,
  filter: DeadLetterFilter,
  { after, upToMs }: DeathSpan,
  time: { readonly nowMs: number; readonly dueAt: (place: number) => number },
): { readonly revived: number; readonly next: DeathSpan | null } {
  const { filters, parameters } = conditions(filter);
  const looked = connection.all<{ id: string; failed_at: number; seq: number; fits: number }>(
    `SELECT id, failed_at, seq, ${[OF_OPEN_WORKFLOW, ...filters].join(" AND ")} AS fits FROM dead_letter_jobs
     WHERE (failed_at, seq) > (?, ?) AND failed_at <= ? ORDER BY failed_at, seq LIMIT ${LOOK_AT_MOST}`,
    ...parameters,
    after.failedAt,
    after.seq,
    upToMs,
  );
  const rows = looked.filter(({ fits }) => fits === 1).slice(0, REVIVE_CHUNK);
  let revived = 0;
  for (const { id } of rows)
    if (reviveUnlessTaken(connection, counts, id, time.nowMs, time.dueAt(revived))) revived += 1;
  const last = rows[REVIVE_CHUNK - 1] ?? looked[LOOK_AT_MOST - 1];
  return {
    revived,
    next: last ? { after: { failedAt: last.failed_at, seq: last.seq }, upToMs } : null,
  };
}

/**
 * Revives one of many: one whose unique key a newer job has by now stays where it is, and stops none of the others.
 * @returns whether it was revived
 */
export function reviveUnlessTaken(
  connection: Connection,
  counts: RunCounts,
  id: string,
  nowMs: number,
  dueAt = nowMs,
): boolean {
  try {
    reviveDeadLetter(connection, counts, id, nowMs, dueAt);
    return true;
  } catch (error) {
    if (error instanceof JobStateError) return false;
    throw error;
  }
}

function readCursor(cursor: string | undefined): readonly [number, number] {
  const [time, seq] = (cursor ?? "").split("-").map((part) => Number.parseInt(part, 36));
  const valid = time !== undefined && seq !== undefined && !Number.isNaN(time) && !Number.isNaN(seq);
  return valid ? [time, seq] : [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
}

/**
 * Moves a dead letter back among the claimable jobs under its original id: attempts 0, history and unique key kept. An
 * edited payload starts a new generation, so outside services do not take the new request for a repeat of the old one.
 * @throws {JobNotFoundError}
 * @throws {JobStateError} if its workflow was cancelled as a whole, or a newer job has its unique key
 */
export function reviveDeadLetter(
  connection: Connection,
  counts: RunCounts,
  id: string,
  nowMs: number,
  dueAt = nowMs,
): Job {
  const row = requireRow(connection, id);
  if (connection.get("SELECT 1 FROM cancelled_workflow WHERE id = ?", row.workflow_id))
    throw new JobStateError(
      `Cannot retry job ${row.original_job_id}: its workflow ${row.workflow_id} was cancelled as a whole`,
      "failed",
    );
  const newer = takeKeyAgain(connection, row.seq, nowMs);
  if (newer)
    throw new JobStateError(
      `Cannot retry job ${row.original_job_id}: job ${newer.id}, which is ${newer.status}, has its unique key by now`,
      "failed",
    );
  deleteRow(connection, counts, row);
  const cold = connection.get<RevivedRow>(
    `UPDATE job SET payload = ?, line = ?, due_at = ?, tag = NULL, generation = generation + ? WHERE seq = ?
     RETURNING expire_after_ms AS expireAfterMs, limit_key AS limitKey, group_key AS groupKey`,
    row.payload,
    row.line,
    dueAt,
    row.edited,
    row.seq,
  );
  if (!cold) throw new Error(`Job ${row.seq} has no row in job`);
  const place = { seq: row.seq, line: row.line ?? row.type, np: -row.priority, dueAt, attempts: 0 };
  makeClaimable(connection, counts, { ...place, ...cold }, dueAt <= nowMs, nowMs);
  restoreDescendants(connection, counts, row.seq, nowMs);
  const job = getJobBySeq(connection, row.seq);
  if (!job) throw new Error(`Job ${row.seq} vanished while it was revived`);
  return job;
}

/**
 * Deletes a dead letter with everything the queue kept about its job.
 * @throws {JobNotFoundError}
 */
export function discardDeadLetter(
  connection: Connection,
  counts: RunCounts,
  id: string,
  nowMs: number,
): void {
  const row = requireRow(connection, id);
  tellAll(connection, counts, row.seq, nowMs);
  deleteRow(connection, counts, row);
  countIn(connection, counts);
  forgetJob(connection, counts, { seq: row.seq, type: row.type, id: row.original_job_id });
}

function deleteRow(connection: Connection, counts: RunCounts, { seq, type, reviewed }: DeadRow): void {
  connection.run("DELETE FROM dead_letter_jobs WHERE seq = ?", seq);
  counts.addState(type, "failed", -1);
  if (reviewed === 0) counts.addState(type, "unreviewed", -1);
}

/** Removes the cold row of a job, which has been counted in, and all that hangs on it. */
export function forgetJob(
  connection: Connection,
  counts: RunCounts,
  { seq, type, id }: { readonly seq: number; readonly type: string; readonly id: string },
): void {
  counts.addState(type, "any", -1);
  connection.run("DELETE FROM attempt WHERE seq = ?", seq);
  connection.run("DELETE FROM suspect WHERE seq = ?", seq);
  connection.run("DELETE FROM processed_jobs WHERE job_id = ?", id);
  // What it cancelled by dying or being cancelled stays cancelled: with its edge goes the knowledge that another
  // parent's retry is not enough.
  connection.run(
    `UPDATE finished SET cancel_cause = NULL
     WHERE cancel_cause IS NOT NULL AND seq IN (SELECT child FROM edge WHERE parent = ? AND done = 0)`,
    seq,
  );
  connection.run("DELETE FROM telling WHERE parent = ?", seq);
  connection.run("DELETE FROM edge WHERE parent = ?", seq);
  connection.run("DELETE FROM edge WHERE child = ?", seq);
  connection.run(
    "DELETE FROM unique_key WHERE (type, key) = (SELECT type, unique_key FROM job WHERE seq = ?) AND seq = ?",
    seq,
    seq,
  );
  if (connection.run("DELETE FROM job WHERE seq = ? AND seq < (SELECT max(seq) FROM job)", seq) === 0)
    spendNumber(connection, seq);
}

/** Empties the cold row of the newest job, but leaves it there: no other job is to get its number. */
function spendNumber(connection: Connection, seq: number): void {
  connection.run("INSERT INTO spent_number (seq) VALUES (?)", seq);
  connection.run(
    `UPDATE job SET created_at = 0, type = '', payload = 'null', line = NULL, workflow_id = NULL, unique_key = NULL,
       slot_at = NULL, limit_key = NULL, group_key = NULL, tag = NULL
     WHERE seq = ?`,
    seq,
  );
}

/** Deletes what was left of discarded jobs that no longer are the newest. */
export function dropSpentNumbers(connection: Connection): void {
  connection.run(
    "DELETE FROM job WHERE seq IN (SELECT seq FROM spent_number) AND seq < (SELECT max(seq) FROM job)",
  );
  connection.run("DELETE FROM spent_number WHERE seq < (SELECT max(seq) FROM job)");
}

/** @throws {JobNotFoundError} */
export function editDeadLetter(
  connection: Connection,
  counts: RunCounts,
  id: string,
  change: { readonly stored?: StoredPayload; readonly reviewed?: boolean; readonly notes?: string | null },
): DeadLetter {
  const row = requireRow(connection, id);
  const { stored } = change;
  const payload = stored?.payload ?? row.payload;
  const line = stored ? storedLineOf({ ...stored, type: row.type }) : row.line;
  const reviewed = change.reviewed === undefined ? row.reviewed : Number(change.reviewed);
  // Edited means other than what the job ran with: an edit that was taken back must not pass for a new request.
  connection.run(
    `UPDATE dead_letter_jobs SET payload = ?, line = ?, reviewed = ?, notes = ?, edited = (? <> j.payload)
     FROM job j WHERE j.seq = dead_letter_jobs.seq AND dead_letter_jobs.seq = ?`,
    payload,
    line,
    reviewed,
    change.notes === undefined ? row.notes : change.notes,
    payload,
    row.seq,
  );
  counts.addState(row.type, "unreviewed", row.reviewed - reviewed);
  return toDeadLetter(requireRow(connection, id));
}

function findRow(connection: Connection, id: string): DeadRow | undefined {
  return connection.get<DeadRow>("SELECT * FROM dead_letter_jobs WHERE id = ?", id);
}

function requireRow(connection: Connection, id: string): DeadRow {
  const row = findRow(connection, id);
  if (!row)
    throw new JobNotFoundError(
      `There is no dead letter ${id}; it may have been retried or discarded already`,
    );
  return row;
}

function toDeadLetter(row: DeadRow): DeadLetter {
  return {
    id: row.id,
    originalJobId: row.original_job_id,
    type: row.type,
    payload: readForDisplay(row.payload),
    payloadVersion: versionOf(row.line ?? row.type),
    keyId: keyIdOf(row.line ?? row.type),
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    priority: row.priority,
    lastError: row.last_error,
    reason: row.reason,
    failedAt: new Date(row.failed_at),
    createdAt: new Date(row.created_at),
    reviewed: row.reviewed === 1,
    notes: row.notes,
    workflowId: row.workflow_id,
  };
}
