import { defineJob } from "@holdfast/queue-core";
import { z } from "zod";

export const CONCURRENCY = 10;
export const LEASE_MS = 1_000;

/** The job types of the kill tests. */
export const KILL_JOBS = [
  /** Takes a while; one in ten enqueues a `follow_up`. */
  defineJob("work", { payload: z.object({ n: z.number() }) }),
  defineJob("follow_up", { payload: z.object({ of: z.number() }) }),
  /** Runs until there is a file of this name and the number of the process it runs in. */
  defineJob("waits", { payload: z.object({ file: z.string() }) }),
] as const;

/** One job of type `work` in this many has a follow-up. */
export const FOLLOW_UP_EVERY = 10;

/** The table that each job writes a row to with its completion. */
export interface LedgerTables {
  readonly ledger: { readonly job_id: string };
}

export const LEDGER = { scope: "kill", directory: new URL("./migrations/", import.meta.url) };

/** Length of a line of the witness file: all are equally long, so the file's size counts them. */
export const WITNESS_LINE_LENGTH = 40;

/** One run of a job, as it stands in the witness file. */
export function witnessLine(jobId: string, pid: number): string {
  return `${`${jobId} ${pid}`.padEnd(WITNESS_LINE_LENGTH - 1)}\n`;
}
