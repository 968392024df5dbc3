import type { JobStatus } from "../job.ts";
import { parseJobId } from "../job-id.ts";
import type { Connection } from "./connection.ts";

export interface Location {
  readonly seq: number;
  readonly type: string;
  /** Where it stands, or stood, to be claimed. */
  readonly line: string;
  readonly priority: number;
  readonly dueAt: number;
  readonly status: JobStatus;
}

interface LocatedRow {
  readonly type: string;
  readonly line: string;
  readonly priority: number;
  readonly due_at: number;
  readonly status: JobStatus | null;
}

/** Finds the table a job is in: its state. At most one of the probes can hit. */
export function locate(connection: Connection, jobId: string): Location | null {
  const parsed = parseJobId(jobId);
  if (!parsed) return null;
  const row = connection.get<LocatedRow>(
    `SELECT type, coalesce(line, type) AS line, priority, due_at, CASE
       WHEN EXISTS (SELECT 1 FROM ready h WHERE h.type = coalesce(j.line, j.type) AND h.np = -j.priority
         AND h.tag = coalesce(j.tag, j.due_at) AND h.seq = j.seq) THEN 'pending'
       WHEN EXISTS (SELECT 1 FROM gated h WHERE h.seq = j.seq) THEN 'pending'
       WHEN EXISTS (SELECT 1 FROM running h WHERE h.seq = j.seq) THEN 'processing'
       WHEN EXISTS (SELECT 1 FROM scheduled h WHERE h.due_at = j.due_at AND h.seq = j.seq) THEN 'scheduled'
       WHEN EXISTS (SELECT 1 FROM waiting h WHERE h.seq = j.seq) THEN 'waiting'
       WHEN EXISTS (SELECT 1 FROM dead_letter_jobs h WHERE h.seq = j.seq) THEN 'failed'
       ELSE (SELECT h.status FROM finished h WHERE h.seq = j.seq) END AS status
     FROM job j WHERE seq = ? AND created_at = ?`,
    parsed.seq,
    parsed.createdAtMs,
  );
  if (!row?.status) return null;
  const { type, line, priority, due_at: dueAt, status } = row;
  return { seq: parsed.seq, type, line, priority, dueAt, status };
}
