import { JobStateError } from "../errors.ts";
import type { Job } from "../job.ts";
import type { DeadLetterFilter } from "../store.ts";
import { makeClaimable } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { conditions, deleteRow, requireRow } from "./dead-letters.ts";
import { restoreDescendants } from "./dependencies.ts";
import { getJobBySeq } from "./jobs.ts";
import type { RunCounts } from "./run-counts.ts";
import { takeKeyAgain } from "./unique-keys.ts";

interface RevivedRow {
  readonly expireAfterMs: number | null;
  readonly limitKey: string | null;
  readonly groupKey: string | null;
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
  // Not sooner: if it is the newest of its group and expired, its dead letter says that the group's turns are taken.
  deleteRow(connection, counts, row);
  restoreDescendants(connection, counts, row.seq, nowMs);
  const job = getJobBySeq(connection, row.seq);
  if (!job) throw new Error(`Job ${row.seq} vanished while it was revived`);
  return job;
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

/** How many dead letters fit and may come back: as many as `atMost` are looked for, so that nobody counts a million. */
export function countRevivable(connection: Connection, filter: DeadLetterFilter, atMost: number): number {
  const { filters, parameters } = conditions(filter);
  const row = connection.get<{ count: number }>(
    `SELECT count(*) AS count FROM
       (SELECT 1 FROM dead_letter_jobs WHERE ${[OF_OPEN_WORKFLOW, ...filters].join(" AND ")} LIMIT ?)`,
    ...parameters,
    atMost,
  );
  return row?.count ?? 0;
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
