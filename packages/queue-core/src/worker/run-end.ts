import { JobCancelledError, LeaseLostError, WorkerStoppingError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { readOutcome } from "../outcome.ts";
import type { Queue } from "../queue.ts";
import { storeResult } from "../results.ts";
import type { NewReport } from "../run-report.ts";
import type { Finish, Verdict } from "../store.ts";
import type { AbortSwitch } from "./abort-switch.ts";
import type { CutBy } from "./call-handler.ts";
import { failRun } from "./fail-run.ts";
import type { RunContext } from "./job-context.ts";
import type { Logged } from "./run.ts";

export interface RunEndParts {
  readonly queue: Queue;
  readonly job: ClaimedJob;
  readonly context: RunContext;
  readonly abort: AbortSwitch;
  readonly run: Logged;
}

const NOTHING = { followUps: [], effects: [] } as const;

/** Says how a run ended, by what its handler returned or threw, and by what came before. */
export class RunEnd {
  readonly #parts: RunEndParts;
  /**
   * What ended the run before its handler did. Not read from the reason of the abort: what a handler left behind may be
   * a proxy that bears no question, or an error of the queue's own about another job.
   */
  #cutBy: CutBy | null = null;

  constructor(parts: RunEndParts) {
    this.#parts = parts;
  }

  /** The handler is not waited for. */
  cut(by: CutBy, reason: unknown): void {
    const { abort } = this.#parts;
    // A run that was told before to stop ends for that reason.
    if (!abort.isAborted) this.#cutBy = by;
    abort.abort(reason);
  }

  failed(error: unknown): Finish {
    const report = this.#parts.context.end();
    return withReport(this.#failure(error), report);
  }

  returned(value: unknown): Finish {
    const { queue, job, context } = this.#parts;
    const report = context.end();
    try {
      return withReport(readVerdict(queue, job, value, context.asked), report);
    } catch (error) {
      return withReport(this.#failure(error), report);
    }
  }

  #failure(error: unknown): Finish {
    const { queue, job, abort, run } = this.#parts;
    const verdict = this.#cutBy ? null : verdictOnAbort(abort);
    if (verdict) return { job, verdict, ...NOTHING };
    return failRun(queue, { job, error, timedOut: this.#cutBy === "timeout" }, run.log);
  }
}

/** Most runs tell nothing, and their finish stays as it is. */
function withReport(finish: Finish, report: NewReport | null): Finish {
  return report ? { ...finish, report } : finish;
}

/** A handler that fails after it was told to stop has not failed: its job was cancelled, or is no longer its own. */
function verdictOnAbort({ reason }: AbortSwitch): Verdict | null {
  if (reason instanceof JobCancelledError) return { verb: "abandon" };
  if (reason instanceof LeaseLostError || reason instanceof WorkerStoppingError) return { verb: "handBack" };
  return null;
}

function readVerdict(queue: Queue, job: ClaimedJob, returned: unknown, asked: RunContext["asked"]): Finish {
  const outcome = readOutcome(returned);
  if (outcome.kind === "snooze")
    return { job, verdict: { verb: "snooze", delayMs: outcome.delayMs }, ...NOTHING };
  if (outcome.kind === "cancel") return { job, verdict: { verb: "abandon" }, ...NOTHING };
  const result = storeResult(queue.catalog, job, outcome.result);
  return { job, verdict: { verb: "complete", result }, ...asked };
}
