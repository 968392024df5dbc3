import { pino } from "pino";
import type { JobCatalog, JobType, PayloadInput } from "../define-job.ts";
import { OptionInvalidError, RunEndedError } from "../errors.ts";
import { AbortSwitch } from "../worker/abort-switch.ts";
import { uselessResult } from "../worker/execute-batch.ts";
import type { AnyBatchHandler, BatchHandler, BatchJob } from "../worker/handler.ts";
import { RunContext } from "../worker/job-context.ts";
import { type HandlerRun, plainCatalog, type RunScene, TestedRun } from "./tested-run.ts";

/** What each job of the batch is to be stands beside the payloads, and is the same for all of them. */
export interface RunBatchHandlerOptions<Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables>
  extends RunScene {
  /** The catalog: payloads, results and what the handler enqueues are checked against it. */
  readonly jobs: Jobs;
  readonly type: Type;
  readonly handler: BatchHandler<Jobs, Type, Tables>;
  /** One for each job, at most as many as `batch.size`. */
  readonly payloads: readonly PayloadInput<Jobs, Type>[];
}

/** What one job of a batch came to. */
export interface BatchJobRun<Tables> extends Omit<HandlerRun<Tables>, "outcome"> {
  readonly outcome: HandlerRun<Tables>["outcome"] | "failed";
  /** What it failed with; undefined if it did not. Nothing that it asked for would commit then. */
  readonly error: unknown;
}

/** See `runHandler`. */
export async function runBatchHandler<Tables>(
  options: RunBatchHandlerOptions<JobCatalog, string, Tables>,
): Promise<readonly BatchJobRun<Tables>[]> {
  const { type, payloads, signal } = options;
  // As in the worker: the catalog's types have done their work at the call.
  const handler = options.handler as unknown as AnyBatchHandler;
  const { size } = handler.batch;
  if (payloads.length > size)
    throw new OptionInvalidError(`No batch of "${type}" has ${payloads.length} jobs: its size is ${size}`);
  const catalog = plainCatalog(options.jobs);
  const jobs = payloads.map(
    (payload, i) => new TestedJob(new TestedRun(catalog, type, payload, options, i + 1)),
  );
  const abort = signal ? { signal } : new AbortSwitch();
  const context = { signal: abort.signal, log: pino({ enabled: false }) };
  try {
    const returned = await handler.handle(jobs as unknown as readonly never[], context);
    const isUseless = returned !== undefined && returned !== null;
    for (const job of jobs.filter(({ ended }) => !ended))
      if (isUseless) job.fail(uselessResult(type));
      else job.complete();
  } catch (error) {
    for (const job of jobs) if (!job.ended) job.fail(error);
  }
  // What the handler may write to, its effects may.
  return jobs.flatMap(({ ended }) => (ended ?? []) as BatchJobRun<Tables>);
}

class TestedJob extends RunContext implements BatchJob {
  readonly payload: unknown;
  readonly #run: TestedRun;
  #ended: BatchJobRun<unknown> | null = null;

  constructor(run: TestedRun) {
    super(run.parts);
    this.payload = run.parts.job.payload;
    this.#run = run;
  }

  /** Null until it has ended. */
  get ended(): BatchJobRun<unknown> | null {
    return this.#ended;
  }

  complete(result?: unknown): void {
    this.#settle(() => {
      try {
        return { ...this.#run.endedWith(result, this), error: undefined };
      } catch (error) {
        return this.#failed(error);
      }
    });
  }

  fail(error: unknown): void {
    this.#settle(() => this.#failed(error));
  }

  #settle(how: () => BatchJobRun<unknown>): void {
    if (this.#ended)
      throw new RunEndedError(`The run of job ${this.jobId} is over: it has been said how it ended`);
    this.end();
    this.#ended = how();
  }

  #failed(error: unknown): BatchJobRun<unknown> {
    const { progress, steps } = this.#run;
    const nothing = { result: null, snoozeMs: null, enqueued: [], effects: [] };
    return { outcome: "failed", error, ...nothing, progress, steps };
  }
}
