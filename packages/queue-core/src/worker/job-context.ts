import type { Logger } from "pino";
import { type CatalogIndex, definitionOf } from "../catalog.ts";
import { LeaseLostError, RunEndedError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { buildJob, type JobSettings } from "../new-job.ts";
import { serializeResult } from "../payload.ts";
import { readResult } from "../results.ts";
import type { NewReport } from "../run-report.ts";
import { openResult, sealResult } from "../sealed.ts";
import type { Finish, JobStore, NewJob, Transaction } from "../store.ts";
import type { AbortSwitch } from "./abort-switch.ts";
import type { JobContext } from "./handler.ts";
import type { ReportRounds } from "./report-rounds.ts";
import type { Logged } from "./run.ts";
import { RunReporter } from "./run-reporter.ts";

/** What a handler asked for and what is written with its completion, or not at all. */
export interface RunEffects {
  readonly followUps: NewJob[];
  readonly effects: ((tx: Transaction) => Promise<void>)[];
}

const NOTHING: Pick<Finish, "followUps" | "effects"> = { followUps: [], effects: [] };

export interface ContextParts {
  readonly job: ClaimedJob;
  readonly catalog: CatalogIndex;
  readonly store: Pick<JobStore, "parents" | "readStep" | "recordStep">;
  /** Aborts the run; its signal is what the handler sees. */
  readonly abort: AbortSwitch;
  readonly run: Logged;
  readonly rounds: ReportRounds;
}

/**
 * What a handler sees of its run, and the buffer that gathers what it asks for until the run ends. Its functions are
 * made when they are asked for, so that they can be taken out of it (`({ orderId }, { enqueue }) => ...`) and cost
 * nothing to the many runs that use none: making all of them was a tenth of what surrounds a run.
 */
export class RunContext implements JobContext {
  readonly jobId: string;
  readonly type: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly workflowId: string | null;
  readonly createdAt: Date;
  readonly slotAt: Date | null;
  readonly #parts: ContextParts;
  #asked: RunEffects | null = null;
  #reporter: RunReporter | null = null;
  #hasEnded = false;

  constructor(parts: ContextParts) {
    const { job } = parts;
    this.jobId = job.id;
    this.type = job.type;
    this.attempt = job.attempt;
    this.maxAttempts = job.maxAttempts;
    this.workflowId = job.workflowId;
    this.createdAt = job.createdAt;
    this.slotAt = job.slotAt;
    this.#parts = parts;
  }

  get idempotencyKey(): string {
    const { id, generation } = this.#parts.job;
    return `${id}-${generation}`;
  }

  get signal(): AbortSignal {
    return this.#parts.abort.signal;
  }

  get log(): Logger {
    const { run, catalog } = this.#parts;
    return catalog.get(this.type)?.logBytes ? this.#report().logOf(run.log) : run.log;
  }

  get progress(): JobContext["progress"] {
    return (value) => {
      this.#assertRunning();
      this.#report().progress(value);
    };
  }

  get enqueue(): JobContext["enqueue"] {
    return (type: string, payload: unknown, settings: JobSettings = {}): void => {
      this.#assertRunning();
      const { workflowId = this.workflowId } = settings;
      this.#ask().followUps.push(buildJob(this.#parts.catalog, type, payload, { ...settings, workflowId }));
    };
  }

  get onCommit(): JobContext["onCommit"] {
    return (effect) => {
      this.#assertRunning();
      this.#ask().effects.push(effect);
    };
  }

  get parents(): JobContext["parents"] {
    const { catalog, store } = this.#parts;
    return async () =>
      (await store.parents(this.jobId)).map((parent) => ({
        ...parent,
        result: openResult(catalog, parent, ["result"], parent.result),
      }));
  }

  get parentResults(): JobContext["parentResults"] {
    const { catalog, store } = this.#parts;
    return async (type) => {
      definitionOf(catalog, type);
      const parents = await store.parents(this.jobId);
      return parents
        .filter((parent) => parent.type === type && parent.status === "completed")
        .map((parent) => readResult(catalog, parent));
    };
  }

  get once(): JobContext["once"] {
    return async (step, work) => {
      this.#assertRunning();
      const { abort } = this.#parts;
      if (abort.isAborted) throw abort.reason;
      return runOnce(this.#parts, step, work);
    };
  }

  /** What the handler has asked for. */
  get asked(): Pick<Finish, "followUps" | "effects"> {
    return this.#asked ?? NOTHING;
  }

  /**
   * From then on the handler can ask for nothing more.
   * @returns what it told and is not stored yet; null if there is nothing
   */
  end(): NewReport | null {
    this.#hasEnded = true;
    return this.#reporter?.end() ?? null;
  }

  #report(): RunReporter {
    return (this.#reporter ??= new RunReporter(this.#parts));
  }

  #ask(): RunEffects {
    return (this.#asked ??= { followUps: [], effects: [] });
  }

  #assertRunning(): void {
    if (!this.#hasEnded) return;
    throw new RunEndedError(`The run of job ${this.jobId} is over: nothing can be added to it any more`);
  }
}

/**
 * The step's result is stored under the lease and flushed to the disk before the handler goes on: what it does next may
 * rely on the step never running again.
 */
async function runOnce<Result>(
  { store, catalog, job, abort }: ContextParts,
  step: string,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  const stored = await store.readStep(job, step);
  // The stored text was written from this very type by an earlier run of the same step.
  if (stored !== undefined) return openResult(catalog, job, ["step", step], JSON.parse(stored)) as Result;
  const json = serializeResult(`step "${step}" of a "${job.type}"`, (await work()) ?? null);
  if (!(await store.recordStep(job, step, sealResult(catalog, job, ["step", step], json)))) {
    const lost = new LeaseLostError(job.id);
    abort.abort(lost);
    throw lost;
  }
  // Not the value itself: a Date that comes back as text the second time should do so the first time.
  return JSON.parse(json) as Result;
}
