import { setTimeout as sleep } from "node:timers/promises";
import { StoreBusyError, StoreUnavailableError } from "../errors.ts";
import type { FaultLog } from "../fault-log.ts";
import type { Queue } from "../queue.ts";
import type { FinishOutcome } from "../store.ts";
import type { ExecutedRun } from "./before-handler.ts";
import { errorFacts } from "./error-facts.ts";
import { failRun } from "./fail-run.ts";
import type { Logged } from "./run.ts";

export interface RecordOptions {
  readonly queue: Queue;
  readonly run: Logged;
  /** One for all runs of a process: a hundred that wait for the same disk are one fault. */
  readonly faults: FaultLog;
  /** When aborted, the next try is the last one. */
  readonly giveUp: AbortSignal;
}

/** Between tries, in milliseconds: the store has waited for its lock already, and a full disk stays full a while. */
const RETRY_MS = 500;

const RECORDING = "recording how runs ended";

/**
 * Writes how a run ended, under its lease. A store that is locked or full is no fault of the job: the write is tried
 * until it is taken or refused, while the heartbeat keeps the lease. Anything else that fails is what the handler asked
 * to commit: then nothing of it was written, and the run has failed.
 * @returns null if it could not be written
 */
export async function recordFinish(
  executed: ExecutedRun,
  options: RecordOptions,
): Promise<FinishOutcome | null> {
  const { queue, faults } = options;
  try {
    const [outcome] = await queue.store.finish([executed.finish]);
    faults.works(RECORDING);
    return outcome ?? null;
  } catch (error) {
    return recordAfter(error, executed, options);
  }
}

/**
 * Writes how runs ended, in one call; for those that come back with an error see `recordAfter`.
 * @returns an outcome for each
 */
export async function recordTogether(
  executed: readonly ExecutedRun[],
  { queue, faults }: Pick<RecordOptions, "queue" | "faults">,
): Promise<readonly FinishOutcome[]> {
  try {
    const outcomes = await queue.store.finish(executed.map(({ finish }) => finish));
    if (outcomes.some(({ accepted }) => accepted)) faults.works(RECORDING);
    return outcomes;
  } catch (error) {
    return executed.map(() => ({ accepted: false, status: null, error }));
  }
}

/** Goes on where a first try ended with an error. */
export async function recordAfter(
  failure: unknown,
  executed: ExecutedRun,
  options: RecordOptions,
): Promise<FinishOutcome | null> {
  const { queue, run, faults, giveUp } = options;
  let { finish } = executed;
  for (let error = failure; ; ) {
    if (error instanceof StoreBusyError || error instanceof StoreUnavailableError) {
      if (giveUp.aborted) return null;
      faults.failed(RECORDING, error);
      await waitUnlessAborted(RETRY_MS, giveUp);
    } else if (finish.verdict.verb === "complete") {
      run.log.error(errorFacts(error), "what the handler asked for could not be committed");
      const { report } = finish;
      const failed = failRun(queue, { job: executed.job, error, timedOut: false }, run.log);
      finish = report ? { ...failed, report } : failed;
    } else {
      run.log.error(errorFacts(error), "recording how the run ended failed");
      return null;
    }
    try {
      const [outcome] = await queue.store.finish([finish]);
      faults.works(RECORDING);
      return outcome ?? null;
    } catch (next) {
      error = next;
    }
  }
}

async function waitUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
