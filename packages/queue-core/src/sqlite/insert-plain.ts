import { storedLineOf } from "../line.ts";
import type { NewJob } from "../store.ts";
import type { Connection } from "./connection.ts";

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
    // Nearly all jobs stand in the line of their type, which need not be said.
    const lines = rows.map(storedLineOf);
    const named = lines.some((line) => line !== null);
    const values = rows.flatMap((job, i) =>
      named ? [...valuesOf(job, createdAtMs), lines[i]] : valuesOf(job, createdAtMs),
    );
    last = connection.insert(insertSql(rows.length, named ? LINED : COLUMNS), ...values);
  }
  return last - jobs.length + 1;
}

/** Puts them into their lines. */
export function placePlain(connection: Connection, first: number, last: number, nowMs: number): void {
  connection.run(
    `INSERT INTO ready (type, np, tag, seq, attempts, expires_at)
     SELECT coalesce(line, type), -priority, due_at, seq, 0, ? + expire_after_ms FROM job WHERE seq BETWEEN ? AND ?`,
    nowMs,
    first,
    last,
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
];

const LINED = [...COLUMNS, "line"];

function insertSql(rows: number, columns: readonly string[]): string {
  const row = `(${columns.map(() => "?").join(", ")})`;
  return `INSERT INTO job (${columns.join(", ")}) VALUES ${Array.from({ length: rows }, () => row).join(", ")}`;
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
  ];
}
