import type { JobCatalog, JobType, PayloadInput, PayloadOutput } from "../define-job.ts";
import type { JobHandler } from "../worker/handler.ts";
import { RunContext } from "../worker/job-context.ts";
import { type BatchJobRun, type RunBatchHandlerOptions, runBatchHandler } from "./run-batch-handler.ts";
import { type HandlerRun, plainCatalog, type RunScene, TestedRun } from "./tested-run.ts";

export interface RunHandlerOptions<Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables>
  extends RunScene {
  /** The catalog: the payload and what the handler enqueues are checked against it. */
  readonly jobs: Jobs;
  readonly type: Type;
  readonly handler: JobHandler<Jobs, Type, Tables>;
  readonly payload: PayloadInput<Jobs, Type>;
}

/**
 * Runs one handler with a context that stores nothing.
 * @throws whatever the handler throws
 * @throws {ResultInvalidError} if what it returns does not fit its type's schema
 * @throws {PayloadInvalidError | JobTypeUnknownError} as a worker and `ctx.enqueue` do
 */
export async function runHandler<const Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables = unknown>(
  options: RunHandlerOptions<Jobs, Type, Tables>,
): Promise<HandlerRun<Tables>>;
/**
 * Runs a handler of batches once, with jobs that store nothing. What a job fails with, by `fail`, by what the handler
 * throws or because its result does not fit, is told and not thrown.
 * @returns what each job came to, in the order of the payloads
 * @throws {OptionInvalidError} if there are more payloads than a batch has
 * @throws {PayloadInvalidError | JobTypeUnknownError} as an enqueue does
 */
export async function runHandler<const Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables = unknown>(
  options: RunBatchHandlerOptions<Jobs, Type, Tables>,
): Promise<readonly BatchJobRun<Tables>[]>;
export async function runHandler<const Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables = unknown>(
  options: RunHandlerOptions<Jobs, Type, Tables> | RunBatchHandlerOptions<Jobs, Type, Tables>,
): Promise<HandlerRun<Tables> | readonly BatchJobRun<Tables>[]> {
  // As in the worker: the catalog's types have done their work at the call.
  if ("payloads" in options) return runBatchHandler(options as never);
  const { jobs, type, handler } = options;
  const run = new TestedRun(plainCatalog(jobs), type, options.payload, options);
  const context = new RunContext(run.parts);
  try {
    // What this type's own schema gives; and the context is any catalog's.
    const payload = run.parts.job.payload as PayloadOutput<Jobs, Type>;
    return run.endedWith(await handler(payload, context as never), context);
  } finally {
    context.end();
  }
}
