import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./clock.ts";
import {
  JobCancelledError,
  JobFailedError,
  JobNotFoundError,
  OptionInvalidError,
  ResultTimeoutError,
} from "./errors.ts";
import type { Job } from "./job.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import type { JobStore } from "./store.ts";

const OPTION_NAMES: OptionNames<ResultOptions> = { timeoutMs: true, signal: true };

export interface ResultOptions {
  /** How long to wait, in milliseconds; 30,000 by default. */
  readonly timeoutMs?: number;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal;
}

/** Between two looks, in milliseconds: soon at first, as most jobs are short, later seldom enough to cost nothing. */
const LOOK_MS = { first: 5, longest: 250 };

/**
 * Waits until a job has ended, whichever process runs it.
 * @param readError what is to be told of a job that was given up
 * @returns it, completed
 * @throws {OptionInvalidError} if the timeout is no number from 0
 */
export async function awaitResult(
  store: Pick<JobStore, "getJob">,
  clock: Clock,
  jobId: string,
  options: ResultOptions,
  readError: (job: Job) => string | null,
): Promise<Job> {
  const problem = unknownOption(options, OPTION_NAMES);
  if (problem !== null) throw new OptionInvalidError(`For a result ${problem}`);
  const { timeoutMs = 30_000, signal } = options;
  // One that is no number would never be over.
  if (typeof timeoutMs !== "number" || !(timeoutMs >= 0))
    throw new OptionInvalidError(`timeoutMs must be a number from 0, got ${shown(timeoutMs)}`);
  const deadline = clock.monotonic() + timeoutMs;
  for (let waitMs = LOOK_MS.first; ; waitMs = Math.min(waitMs * 2, LOOK_MS.longest)) {
    signal?.throwIfAborted();
    const job = await store.getJob(jobId);
    if (!job)
      throw new JobNotFoundError(`There is no job ${jobId}; it may have been deleted after its retention`);
    if (job.status === "completed") return job;
    if (job.status === "failed") throw new JobFailedError(jobId, readError(job));
    if (job.status === "cancelled") throw new JobCancelledError(`Job ${jobId} was cancelled`);
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0)
      throw new ResultTimeoutError(`Job ${jobId} has not ended within ${timeoutMs} ms: it is ${job.status}`);
    // Only the signal ends it early, and its reason is thrown above.
    await sleep(Math.min(waitMs, leftMs), undefined, signal && { signal }).catch(() => undefined);
  }
}
