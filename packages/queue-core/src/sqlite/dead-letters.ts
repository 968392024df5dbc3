import type { DeadReason } from "../define-job.ts";
import { JobNotFoundError, OptionInvalidError } from "../errors.ts";
import type { DeadLetter } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import { type OptionNames, shown, unknownOption } from "../known-options.ts";
import { keyIdOf, storedLineOf, versionOf } from "../line.ts";
import { readForDisplay } from "../payload.ts";
import type { DeadLetterFilter, DeadLetterQuery, Page, StoredPayload } from "../store.ts";
import type { Connection } from "./connection.ts";
import { countIn } from "./count-jobs.ts";
import { readCursor, requirePageSize, toPage, writeCursor } from "./page.ts";
import type { RunCounts } from "./run-counts.ts";
import { forgetReports } from "./run-reports.ts";
import { tellAll } from "./tell-children.ts";
import { releaseEnded, releaseKey } from "./unique-keys.ts";

export interface DeadRow {
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

/**
 * Newest first.
 * @throws {OptionInvalidError} if the page or a time cannot be one
 */
export function listDeadLetters(connection: Connection, query: DeadLetterQuery): Page<DeadLetter> {
  requireFilter(query, QUERY_NAMES);
  requirePageSize(query.limit);
  const [failedAt, seq] = readCursor(query.cursor, 2) ?? FIRST_PAGE;
  const { filters, parameters } = conditions(query);
  const rows = connection.all<DeadRow>(
    `SELECT * FROM dead_letter_jobs WHERE ${["(failed_at, seq) < (?, ?)", ...filters].join(" AND ")}
     ORDER BY failed_at DESC, seq DESC LIMIT ?`,
    failedAt,
    seq,
    ...parameters,
    query.limit + 1,
  );
  return toPage(rows.map(toDeadLetter), rows, query.limit, (row) => writeCursor(row.failed_at, row.seq));
}

const FIRST_PAGE = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const;

const FILTER_NAMES: OptionNames<DeadLetterFilter> = {
  jobId: true,
  type: true,
  reviewed: true,
  reason: true,
  search: true,
  failedFrom: true,
  failedBefore: true,
};
const QUERY_NAMES: OptionNames<DeadLetterQuery> = { ...FILTER_NAMES, limit: true, cursor: true };

/**
 * Before many are retried: a filter that is misspelt would find them all.
 * @throws {OptionInvalidError} if there is no such filter
 */
export function requireFilter<Filter extends DeadLetterFilter>(
  filter: Filter,
  names: OptionNames<Filter> = FILTER_NAMES as OptionNames<Filter>,
): void {
  const problem = unknownOption(filter, names);
  if (problem !== null) throw new OptionInvalidError(`For dead letters ${problem}`);
}

/** An error that is a ciphertext, or quotes one: 16 letters of it are the nonce. */
const SEALED = `*sealed:*.${"[-A-Za-z0-9_]".repeat(16)}.*`;

/**
 * A filter as SQL.
 * @throws {OptionInvalidError} if a time is none
 */
export function conditions(filter: DeadLetterFilter): {
  readonly filters: string[];
  readonly parameters: unknown[];
} {
  const filters: string[] = [];
  const parameters: unknown[] = [];
  if (filter.jobId !== undefined) {
    filters.push("original_job_id = ?");
    parameters.push(filter.jobId);
  }
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
    parameters.push(instantOf("failedFrom", filter.failedFrom));
  }
  if (filter.failedBefore !== undefined) {
    filters.push("failed_at < ?");
    parameters.push(instantOf("failedBefore", filter.failedBefore));
  }
  if (filter.search !== undefined) {
    // Not LIKE, in which a per cent sign or an underscore stands for anything. A sealed error is no text to search.
    filters.push(`instr(lower(last_error), lower(?)) > 0 AND last_error NOT GLOB '${SEALED}'`);
    parameters.push(filter.search);
  }
  return { filters, parameters };
}

function instantOf(name: string, date: Date): number {
  const ms = date instanceof Date ? date.getTime() : Number.NaN;
  if (Number.isNaN(ms)) throw new OptionInvalidError(`${name} must be a valid Date, got ${shown(date)}`);
  return ms;
}

/**
 * Deletes a dead letter with everything the queue kept about its job.
 * @throws {JobNotFoundError}
 */
export function forgetDeadLetter(connection: Connection, counts: RunCounts, id: string, nowMs: number): void {
  const row = requireRow(connection, id);
  tellAll(connection, counts, row.seq, nowMs);
  deleteRow(connection, counts, row);
  countIn(connection, counts);
  forgetJob(connection, counts, { seq: row.seq, type: row.type, id: row.original_job_id });
  forgetReports(connection, [row.seq]);
}

/** Takes a dead letter out of its table, and of the counts. */
export function deleteRow(connection: Connection, counts: RunCounts, { seq, type, reviewed }: DeadRow): void {
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
  eraseJob(connection, { seq, id });
}

/** The same of a job that is counted no more. */
export function eraseJob(
  connection: Connection,
  { seq, id }: { readonly seq: number; readonly id: string },
): void {
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
  releaseKey(connection, seq);
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

/** Deletes what was left of jobs that no longer are the newest. */
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

export function requireRow(connection: Connection, id: string): DeadRow {
  const row = findRow(connection, id);
  if (row) return row;
  const ofJob = connection.get<{ id: string }>(
    "SELECT id FROM dead_letter_jobs WHERE original_job_id = ?",
    id,
  );
  throw new JobNotFoundError(
    ofJob
      ? `${id} is the id of a job; that of its dead letter is ${ofJob.id}`
      : `There is no dead letter ${id}; it may have been retried or discarded already`,
  );
}

export function toDeadLetter(row: DeadRow): DeadLetter {
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
