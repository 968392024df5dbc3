import type { ClaimedJob } from "../job.ts";
import { parseJobId } from "../job-id.ts";
import type { Connection } from "./connection.ts";

/** The stored result of a checkpoint, as JSON text. */
export function readStep(
  connection: Connection,
  job: Pick<ClaimedJob, "id" | "generation">,
  step: string,
): string | undefined {
  const row = connection.get<{ result: string | null }>(
    "SELECT result FROM processed_jobs WHERE job_id = ? AND generation = ? AND step = ?",
    job.id,
    job.generation,
    step,
  );
  return row && (row.result ?? "null");
}

/** Stores a checkpoint while the lease holds; false if it is lost. A step that is there already stays as it is. */
export function recordStep(
  connection: Connection,
  job: Pick<ClaimedJob, "id" | "generation" | "leaseToken">,
  step: string,
  result: string,
  nowMs: number,
): boolean {
  const held = connection.get(
    "SELECT 1 FROM running WHERE seq = ? AND token = ?",
    parseJobId(job.id)?.seq ?? -1,
    job.leaseToken,
  );
  if (held === undefined) return false;
  connection.run(
    `INSERT INTO processed_jobs (job_id, generation, step, result, processed_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    job.id,
    job.generation,
    step,
    result,
    nowMs,
  );
  return true;
}
