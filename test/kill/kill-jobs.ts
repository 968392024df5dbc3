import { defineJob } from "@holdfast/queue-core";
import { z } from "zod";

/** What a stopped worker tries with a job that is no longer its own. */
export const LATE_WRITES = ["complete", "fail", "record a step", "follow up", "snooze", "keep"] as const;

/** Where a process may die around an effect on the outside world. */
export const DEATHS = [
  "nowhere",
  "before the effect",
  "between effect and record",
  "after the record",
  "in the finishing transaction",
] as const;

/** The job types of the kill tests. */
export const KILL_JOBS = [
  /** Takes a while; one in ten enqueues a `follow_up`. */
  defineJob("work", { payload: z.object({ n: z.number() }) }),
  defineJob("follow_up", { payload: z.object({ of: z.number() }) }),
  /** Runs until there is a file of this name and the number of its worker's process. */
  defineJob("waits", { payload: z.object({ file: z.string() }) }),
  /** Does what its way says at the moment when the file is there, after having blocked its process until then. */
  defineJob("zombie", { payload: z.object({ way: z.enum(LATE_WRITES), file: z.string() }) }),
  /** Holds the CPU so long, or waits so long. */
  defineJob("takes", { payload: z.object({ ms: z.number(), blocking: z.boolean() }) }),
  /** Has an effect outside the database, and ends its process once. */
  defineJob("charges", { payload: z.object({ dies: z.enum(DEATHS) }) }),
  /** One slot of a schedule. */
  defineJob("tick", { payload: z.object({}) }),
] as const;

/** One job of type `work` in this many has a follow-up. */
export const FOLLOW_UP_EVERY = 10;

/** The application's tables. */
export interface LedgerTables {
  /** Each job writes a row here with its completion. */
  readonly ledger: { readonly job_id: string };
  /** A producer writes a row here in the transaction that adds the job. */
  readonly intent: { readonly job_id: string };
}

export const LEDGER = { scope: "kill", directory: new URL("./migrations/", import.meta.url) };
