import { JobNotFoundError, JobStateError } from "../errors.ts";
import type { DiscardedJob } from "../job.ts";
import type { DiscardedQuery, Page, RetentionPolicy } from "../store.ts";
import type { Connection } from "./connection.ts";
import { countIn } from "./count-jobs.ts";
import { type DeadRow, deleteRow, eraseJob, requireRow, toDeadLetter } from "./dead-letters.ts";
import { readCursor, requirePageSize, toPage, writeCursor } from "./page.ts";
import { type Look, PRUNE_CHUNK } from "./retention.ts";
import type { RunCounts } from "./run-counts.ts";
import { forgetReports } from "./run-reports.ts";
import { tellAll } from "./tell-children.ts";
import { releaseKey, takeDiscardedKey } from "./unique-keys.ts";

interface DiscardedRow extends DeadRow {
  readonly n: number;
  readonly discarded_at: number;
}

/** Without its payload, which may be a megabyte: most are looked at and kept. */
export type OldDiscarded = Pick<DiscardedRow, "n" | "seq" | "type" | "original_job_id" | "discarded_at">;

/** Both tables have them. */
const COLUMNS = `seq, id, original_job_id, type, payload, attempts, last_error, failed_at, reviewed, notes, workflow_id,
  reason, priority, max_attempts, created_at, edited, line`;

/**
 * Takes a dead letter off the list: nobody finds its job any more, and its unique key is free. It can be put back.
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
  connection.run(
    `INSERT INTO discarded_jobs (discarded_at, ${COLUMNS}) SELECT ?, ${COLUMNS} FROM dead_letter_jobs WHERE seq = ?`,
    nowMs,
    row.seq,
  );
  deleteRow(connection, counts, row);
  releaseKey(connection, row.seq);
  countIn(connection, counts);
  counts.addState(row.type, "any", -1);
}

/**
 * Makes a discarded job the dead letter that it was.
 * @throws {JobNotFoundError}
 * @throws {JobStateError} if a newer job has its unique key
 */
export function putBackDiscarded(connection: Connection, counts: RunCounts, id: string, nowMs: number): void {
  const row = requireDiscarded(connection, id);
  const newer = takeDiscardedKey(connection, row.seq, nowMs);
  if (newer) {
    const taken = `job ${newer.id}, which is ${newer.status}, has its unique key by now`;
    throw new JobStateError(`Cannot put back job ${row.original_job_id}: ${taken}`, "failed");
  }
  // In this order: events tell of a dead letter that no discarded job has become.
  connection.run(
    `INSERT INTO dead_letter_jobs (${COLUMNS}) SELECT ${COLUMNS} FROM discarded_jobs WHERE n = ?`,
    row.n,
  );
  connection.run("DELETE FROM discarded_jobs WHERE n = ?", row.n);
  counts.addState(row.type, "any", 1);
  counts.addState(row.type, "failed", 1);
  if (row.reviewed === 0) counts.addState(row.type, "unreviewed", 1);
}

/**
 * Deletes a discarded job for good, with everything the queue kept about it.
 * @throws {JobNotFoundError}
 */
export function eraseDiscarded(connection: Connection, id: string): void {
  erase(connection, requireDiscarded(connection, id));
}

/** Finds those whose retention, which is that of cancelled jobs, is over since they were discarded. */
export function findOldDiscarded(
  connection: Connection,
  { keepMs, byType }: RetentionPolicy,
  after: number,
  nowMs: number,
): Look<OldDiscarded, number> {
  const rows = connection.all<OldDiscarded>(
    `SELECT n, seq, type, original_job_id, discarded_at FROM discarded_jobs WHERE n > ?
     ORDER BY n LIMIT ${PRUNE_CHUNK}`,
    after,
  );
  const old = rows.filter((row) => row.discarded_at <= nowMs - (byType?.[row.type]?.cancelledMs ?? keepMs));
  return { old, next: rows[PRUNE_CHUNK - 1]?.n ?? null };
}

/** Deletes those that were found, but for what was put back meanwhile; returns how many. */
export function pruneDiscarded(connection: Connection, old: readonly OldDiscarded[]): number {
  const sql = "SELECT 1 FROM discarded_jobs WHERE n = ? AND seq = ? AND discarded_at = ?";
  const still = old.filter(
    ({ n, seq, discarded_at }) => connection.get(sql, n, seq, discarded_at) !== undefined,
  );
  for (const row of still) erase(connection, row);
  return still.length;
}

/**
 * Newest first.
 * @throws {OptionInvalidError} if the page cannot be one
 */
export function listDiscarded(connection: Connection, query: DiscardedQuery): Page<DiscardedJob> {
  requirePageSize(query.limit);
  const [before = Number.MAX_SAFE_INTEGER] = readCursor(query.cursor, 1) ?? [];
  const rows = connection.all<DiscardedRow>(
    "SELECT * FROM discarded_jobs WHERE n < ? ORDER BY n DESC LIMIT ?",
    before,
    query.limit + 1,
  );
  const items = rows.map((row) => ({ ...toDeadLetter(row), discardedAt: new Date(row.discarded_at) }));
  return toPage(items, rows, query.limit, (row) => writeCursor(row.n));
}

function erase(connection: Connection, { n, seq, original_job_id }: OldDiscarded): void {
  connection.run("DELETE FROM discarded_jobs WHERE n = ?", n);
  eraseJob(connection, { seq, id: original_job_id });
  forgetReports(connection, [seq]);
}

function requireDiscarded(connection: Connection, id: string): DiscardedRow {
  const row = connection.get<DiscardedRow>("SELECT * FROM discarded_jobs WHERE id = ?", id);
  if (row) return row;
  throw new JobNotFoundError(`There is no discarded job ${id}; it may have been put back or deleted already`);
}
