import { parseJobId } from "../job-id.ts";
import { readForDisplay } from "../payload.ts";
import type { StoredReport } from "../run-report.ts";
import type { Told } from "../store.ts";
import type { Connection } from "./connection.ts";

/** Of so many runs of a job what they told is kept: a job that polls may be put off for ever. */
const MOST_REPORTS = 20;

/** One transaction stores so many characters of logs: some milliseconds of work, however long the logs are. */
const STORED_AT_ONCE = 1_048_576;

/** Cuts what runs tell into what one transaction stores. */
export function reportChunks(told: readonly Told[]): readonly (readonly Told[])[] {
  const chunks: Told[][] = [];
  let left = 0;
  for (const each of told) {
    left -= each.report.log?.length ?? 0;
    const chunk = left >= 0 ? chunks.at(-1) : undefined;
    if (chunk) chunk.push(each);
    else {
      chunks.push([each]);
      left = STORED_AT_ONCE - (each.report.log?.length ?? 0);
    }
  }
  return chunks;
}

/** Stores what a run tells while its lease holds; false if it is lost. What is left out stays as it was told before. */
export function storeReport(connection: Connection, { job, report }: Told, nowMs: number): boolean {
  const seq = parseJobId(job.id)?.seq ?? -1;
  const stored = connection.run(
    `INSERT INTO run_report (seq, token, attempt, worker_id, started_at, told_at, progress, log, log_cut)
     SELECT seq, token, attempts + 1, worker_id, claimed_at, ?, ?, ?, ? FROM running WHERE seq = ? AND token = ?
     ON CONFLICT (seq, token) DO UPDATE SET told_at = excluded.told_at,
       progress = coalesce(excluded.progress, progress),
       log_cut = iif(excluded.log IS NULL, log_cut, excluded.log_cut), log = coalesce(excluded.log, log)`,
    nowMs,
    report.progress ?? null,
    report.log ?? null,
    report.logBytesCut ?? 0,
    seq,
    job.leaseToken,
  );
  if (stored === 0) return false;
  connection.run(
    `DELETE FROM run_report WHERE seq = ? AND token <=
       (SELECT token FROM run_report WHERE seq = ? ORDER BY token DESC LIMIT 1 OFFSET ${MOST_REPORTS})`,
    seq,
    seq,
  );
  return true;
}

interface ReportRow {
  readonly token: number;
  readonly attempt: number;
  readonly worker_id: string;
  readonly started_at: number;
  readonly told_at: number;
  readonly progress: string | null;
  readonly log: string | null;
  readonly log_cut: number;
}

/** What the runs of a job told, oldest first. */
export function reportsOf(connection: Connection, jobId: string): StoredReport[] {
  const seq = parseJobId(jobId)?.seq ?? -1;
  return connection
    .all<ReportRow>("SELECT * FROM run_report WHERE seq = ? ORDER BY token", seq)
    .map((row) => ({
      attempt: row.attempt,
      workerId: row.worker_id,
      startedAt: new Date(row.started_at),
      toldAt: new Date(row.told_at),
      progress: row.progress === null ? null : readForDisplay(row.progress),
      log: row.log === null ? null : readForDisplay(row.log),
      logBytesCut: row.log_cut,
      leaseToken: row.token,
    }));
}

/** With a job goes what its runs told. */
export function forgetReports(connection: Connection, seqs: readonly number[]): void {
  connection.run(
    "DELETE FROM run_report WHERE seq IN (SELECT value FROM json_each(?))",
    JSON.stringify(seqs),
  );
}
