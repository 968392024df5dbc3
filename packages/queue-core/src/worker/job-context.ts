import type { Logger } from "pino";
import type { CatalogIndex } from "../catalog.ts";
import { LeaseLostError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { buildJob, type JobSettings } from "../new-job.ts";
import { serializePayload } from "../payload.ts";
import type { JobStore, NewJob, Transaction } from "../store.ts";
import type { JobContext } from "./handler.ts";

/** What a handler asked for and what is written with its completion, or not at all. */
export interface RunEffects {
  readonly followUps: NewJob[];
  readonly effects: ((tx: Transaction) => Promise<void>)[];
}

export interface ContextParts {
  readonly job: ClaimedJob;
  readonly catalog: CatalogIndex;
  readonly store: JobStore;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Builds what a handler sees of its run, and the buffer that gathers what it asks for. */
export function createContext(parts: ContextParts): {
  readonly context: JobContext;
  readonly asked: RunEffects;
} {
  const { job, catalog, store, signal, log } = parts;
  const asked: RunEffects = { followUps: [], effects: [] };
  const context: JobContext = {
    jobId: job.id,
    type: job.type,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    workflowId: job.workflowId,
    createdAt: job.createdAt,
    slotAt: job.slotAt,
    idempotencyKey: `${job.id}-${job.generation}`,
    signal,
    log,
    enqueue(type: string, payload: unknown, settings: JobSettings = {}): void {
      asked.followUps.push(buildJob(catalog, type, payload, { workflowId: job.workflowId, ...settings }));
    },
    onCommit(effect): void {
      asked.effects.push(effect);
    },
    once: (step, work) => runOnce(store, job, step, work),
  };
  return { context, asked };
}

/**
 * The step's result is stored under the lease and flushed to the disk before the handler goes on: what it does next may
 * rely on the step never running again.
 */
async function runOnce<Result>(
  store: JobStore,
  job: ClaimedJob,
  step: string,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  const stored = await store.readStep(job, step);
  // The stored text was written from this very type by an earlier run of the same step.
  if (stored !== undefined) return JSON.parse(stored) as Result;
  const result = await work();
  const json = serializePayload(job.type, result ?? null);
  if (!(await store.recordStep(job, step, json))) throw new LeaseLostError(job.id);
  return result;
}
