import { setTimeout as sleep } from "node:timers/promises";
import { StoreBusyError, StoreUnavailableError } from "../errors.ts";
import type { FaultLog } from "../fault-log.ts";
import type { Queue } from "../queue.ts";
import type { FinishOutcome } from "../store.ts";
import { errorFacts } from "./error-facts.ts";
import type { ExecutedRun } from "./execute-job.ts";
import { failRun } from "./fail-run.ts";
import type { Logged } from "./run.ts";

export interface RecordOptions {
  readonly queue: Queue;
  readonly run: Logged;
  /** One for all runs of a process: a hundred that wait for the same disk are one fault. */
  readonly faults: FaultLog;
  /** When aborted, the next try is the last one. */
  readonly giveUp: AbortSignal;
  /** Called when the first try has failed and another one will follow. */
  readonly onDelay?: () => void;
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
  const { queue, run, faults, giveUp, onDelay } = options;
  let { finish } = executed;
  for (;;) {
    try {
      const [outcome] = await queue.store.finish([finish]);
      faults.works(RECORDING);
      if (!outcome) throw new Error("The store answered one finish with none");
      return outcome;
    } catch (error) {
      if (error instanceof StoreBusyError || error instanceof StoreUnavailableError) {
        if (giveUp.aborted) return null;
        faults.failed(RECORDING, error);
        onDelay?.();
        await waitUnlessAborted(RETRY_MS, giveUp);
      } else if (finish.verdict.verb === "complete") {
        run.log.error(errorFacts(error), "what the handler asked for could not be committed");
        finish = failRun(queue, { job: executed.job, error, timedOut: false }, run.log);
      } else {
        run.log.error(errorFacts(error), "recording how the run ended failed");
        return null;
      }
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
