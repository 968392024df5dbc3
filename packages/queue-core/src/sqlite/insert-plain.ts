import { storedLineOf } from "../line.ts";
import type { NewJob } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { EnqueueTime } from "./enqueue.ts";
import { placeKeyed } from "./gated.ts";
import { giveTurns } from "./group-turns.ts";

/**
 * One statement adds so many rows: calling a statement costs about as much as adding a row, and beyond 20 rows hardly
 * anything is gained (measured: 150,000 rows a second one by one, 260,000 to 410,000 by 20).
 */
const ROWS_AT_ONCE = 20;

/**
 * Adds the cold rows of jobs that are due as they are created.
 * @returns the row number of the first; the others follow it without a gap, as we hold the write lock
 */
export function insertPlain(connection: Connection, jobs: readonly NewJob[], createdAtMs: number): number {
  let last = 0;
  for (let from = 0; from < jobs.length; from += ROWS_AT_ONCE) {
    const rows = jobs.slice(from, from + ROWS_AT_ONCE);
    const first = rows[0] as NewJob;
    last = rows.every((row) => isLike(row, first))
      ? insertAlike(connection, rows, first, createdAtMs)
      : connection.insert(insertSql(rows.length), ...rows.flatMap((job) => valuesOf(job, createdAtMs)));
  }
  return last - jobs.length + 1;
}

/** Puts them into their lines. */
export function placePlain(
  connection: Connection,
  jobs: readonly NewJob[],
  first: number,
  { nowMs, createdAtMs }: EnqueueTime,
): void {
  const last = first + jobs.length - 1;
  const areGrouped = jobs.some(({ groupKey }) => groupKey !== undefined);
  if (areGrouped) giveTurns(connection, jobs, first, createdAtMs);
  const tag = areGrouped ? "coalesce(tag, due_at)" : "due_at";
  const isKeyed = jobs.some(({ limitKey }) => limitKey !== undefined);
  if (isKeyed) placeKeyed(connection, first, last, nowMs);
  const rest = isKeyed ? "AND seq NOT IN (SELECT seq FROM gated WHERE seq BETWEEN ? AND ?)" : "";
  connection.run(
    `INSERT INTO ready (type, np, tag, seq, attempts, expires_at)
     SELECT coalesce(line, type), -priority, ${tag}, seq, 0, ? + expire_after_ms FROM job
     WHERE seq BETWEEN ? AND ? ${rest}`,
    nowMs,
    first,
    last,
    ...(isKeyed ? [first, last] : []),
  );
}

const COLUMNS = [
  "type",
  "payload",
  "priority",
  "max_attempts",
  "created_at",
  "due_at",
  "workflow_id",
  "detached",
  "slot_at",
  "expire_after_ms",
  "line",
  "limit_key",
  "group_key",
];

const insertSql = perRowCount(
  `INSERT INTO job (${COLUMNS.join(", ")}) VALUES `,
  `(${COLUMNS.map(() => "?").join(", ")})`,
);

const insertAlikeSql = perRowCount(
  "INSERT INTO job (type, payload, priority, max_attempts, created_at, due_at, line) VALUES ",
  "(@type, ?, @priority, @maxAttempts, @createdAtMs, @createdAtMs, @line)",
);

/** The texts are kept: to look one up by a text made anew takes longer than to add a row. */
function perRowCount(head: string, row: string): (rows: number) => string {
  const texts: string[] = [];
  return (rows) => (texts[rows] ??= head + Array.from({ length: rows }, () => row).join(", "));
}

function valuesOf(job: NewJob, createdAtMs: number): readonly unknown[] {
  return [
    job.type,
    job.payload,
    job.priority,
    job.maxAttempts,
    createdAtMs,
    createdAtMs,
    job.workflowId,
    job.detached ? 1 : 0,
    job.slotAtMs,
    job.expireAfterMs,
    storedLineOf(job),
    job.limitKey ?? null,
    job.groupKey ?? null,
  ];
}

/** Whether nothing but the payload tells them apart, and none has what few jobs have. */
function isLike(job: NewJob, first: NewJob): boolean {
  return (
    job.type === first.type &&
    job.payloadVersion === first.payloadVersion &&
    job.keyId === first.keyId &&
    job.priority === first.priority &&
    job.maxAttempts === first.maxAttempts &&
    job.workflowId === null &&
    !job.detached &&
    job.slotAtMs === null &&
    job.expireAfterMs === null &&
    job.limitKey === undefined &&
    job.groupKey === undefined
  );
}

/** What they share is handed over once: to hand over a value costs as much as to store it. */
function insertAlike(
  connection: Connection,
  rows: readonly NewJob[],
  first: NewJob,
  createdAtMs: number,
): number {
  const { type, priority, maxAttempts } = first;
  const line = storedLineOf(first);
  const payloads = rows.map(({ payload }) => payload);
  return connection.insert(insertAlikeSql(rows.length), ...payloads, {
    type,
    priority,
    maxAttempts,
    createdAtMs,
    line,
  });
}
