import type { CatalogIndex } from "../catalog.ts";
import { LeaseLostError, RunEndedError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { buildJob, type JobSettings } from "../new-job.ts";
import { serializeResult } from "../payload.ts";
import type { JobStore, NewJob, Transaction } from "../store.ts";
import type { AbortSwitch } from "./abort-switch.ts";
import type { JobContext } from "./handler.ts";
import type { Logged } from "./run.ts";

/** What a handler asked for and what is written with its completion, or not at all. */
export interface RunEffects {
  readonly followUps: NewJob[];
  readonly effects: ((tx: Transaction) => Promise<void>)[];
}

export interface ContextParts {
  readonly job: ClaimedJob;
  readonly catalog: CatalogIndex;
  readonly store: Pick<JobStore, "parents" | "readStep" | "recordStep">;
  /** Aborts the run; its signal is what the handler sees. */
  readonly abort: AbortSwitch;
  readonly run: Logged;
}

/** Builds what a handler sees of its run, and the buffer that gathers what it asks for until the run ends. */
export function createContext(parts: ContextParts): {
  readonly context: JobContext;
  readonly asked: RunEffects;
  /** From then on the handler can ask for nothing more. */
  readonly end: () => void;
} {
  const { job, catalog, abort, run } = parts;
  const asked: RunEffects = { followUps: [], effects: [] };
  let ended = false;
  const assertRunning = (): void => {
    if (ended)
      throw new RunEndedError(`The run of job ${job.id} is over: nothing can be added to it any more`);
  };
  const context: JobContext = {
    jobId: job.id,
    type: job.type,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    workflowId: job.workflowId,
    createdAt: job.createdAt,
    slotAt: job.slotAt,
    idempotencyKey: `${job.id}-${job.generation}`,
    get signal() {
      return abort.signal;
    },
    get log() {
      return run.log;
    },
    enqueue(type: string, payload: unknown, settings: JobSettings = {}): void {
      assertRunning();
      asked.followUps.push(buildJob(catalog, type, payload, { workflowId: job.workflowId, ...settings }));
    },
    onCommit(effect): void {
      assertRunning();
      asked.effects.push(effect);
    },
    parents: () => parts.store.parents(job.id),
    async once<Result>(step: string, work: () => Promise<Result> | Result): Promise<Result> {
      assertRunning();
      if (abort.isAborted) throw abort.reason;
      return runOnce(parts, step, work);
    },
  };
  const end = (): void => {
    ended = true;
  };
  return { context, asked, end };
}

/**
 * The step's result is stored under the lease and flushed to the disk before the handler goes on: what it does next may
 * rely on the step never running again.
 */
async function runOnce<Result>(
  { store, job, abort }: ContextParts,
  step: string,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  const stored = await store.readStep(job, step);
  // The stored text was written from this very type by an earlier run of the same step.
  if (stored !== undefined) return JSON.parse(stored) as Result;
  const json = serializeResult(`step "${step}" of a "${job.type}"`, (await work()) ?? null);
  if (!(await store.recordStep(job, step, json))) {
    const lost = new LeaseLostError(job.id);
    abort.abort(lost);
    throw lost;
  }
  // Not the value itself: a Date that comes back as text the second time should do so the first time.
  return JSON.parse(json) as Result;
}
