import type { Logger } from "pino";
import type {
  JobCatalog,
  JobType,
  PayloadInput,
  PayloadOutput,
  ResultInput,
  ResultOutput,
} from "../define-job.ts";
import type { Job } from "../job.ts";
import type { JobSettings } from "../new-job.ts";
import type { HandlerOutcome } from "../outcome.ts";
import type { Transaction } from "../store.ts";

/** What a handler can see and do about the run it is in. */
export interface JobContext<Jobs extends JobCatalog = JobCatalog, Tables = unknown> {
  readonly jobId: string;
  readonly type: string;
  /** Number of this run, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly workflowId: string | null;
  readonly createdAt: Date;
  /** The instant of its schedule that this job stands for, if a schedule made it. */
  readonly slotAt: Date | null;
  /** Stable over all attempts of this job: give it to outside services so that a repeat does nothing. */
  readonly idempotencyKey: string;
  /**
   * Aborts when the run is not to go on; `signal.reason` says why: `AttemptTimeoutError`, `JobCancelledError`,
   * `LeaseLostError`, `WorkerStoppingError`, or the error that nobody caught (of a promise that the handler left
   * unhandled, of a callback of its timers and emitters).
   */
  readonly signal: AbortSignal;
  /** If the type says `keepLog`, the end of what is written here from level `info` on is kept with the run, too. */
  readonly log: Logger;
  /**
   * Tells how far the run has come. Stored twice a second, the last value in any case; a run that lost its lease tells
   * nothing any more.
   * @param value a percentage from 0 to 100, or anything else of at most 1,024 bytes of JSON
   * @throws {ProgressInvalidError}
   * @throws {RunEndedError} if the run is over
   */
  progress(value: unknown): void;
  /**
   * Adds a job that commits with this one's completion, or not at all; it joins the same workflow.
   * @throws {PayloadInvalidError} at once, so that the mistake shows where it was made
   * @throws {RunEndedError} if the run is over: nothing could commit it any more
   */
  enqueue<Type extends JobType<Jobs>>(
    type: Type,
    payload: PayloadInput<Jobs, Type>,
    settings?: JobSettings,
  ): void;
  /**
   * Registers SQL that commits with this job's completion, or not at all. It may run again after a failed commit, so it
   * must hold nothing but SQL.
   * @throws {RunEndedError} if the run is over
   */
  onCommit(effect: (tx: Transaction<Tables>) => Promise<void>): void;
  /** The jobs that this one depends on, with their results, in the order of their creation. */
  parents(): Promise<readonly Job[]>;
  /**
   * What those of a type returned that this job depends on and that have completed, in the order of their creation, as
   * that type's schema for results gives it.
   * @throws {ResultInvalidError} if the schema no longer accepts what is stored
   */
  parentResults<Type extends JobType<Jobs>>(type: Type): Promise<readonly ResultOutput<Jobs, Type>[]>;
  /**
   * Runs a step at most once over all attempts of this job, as far as that can be known: the step's result is stored
   * and a later attempt gets it back. A crash between the step and its record runs it again.
   * @param step name, unique within the job type
   * @param work returns anything JSON can hold; what comes back is what JSON made of it, the first time too
   * @throws {LeaseLostError} if another worker may have the job by now
   * @throws {RunEndedError} if the run is over; before `work` begins it throws the signal's reason if that has aborted
   */
  once<Result>(step: string, work: () => Promise<Result> | Result): Promise<Result>;
}

type Returned<Result> = Result | HandlerOutcome | PromiseLike<Result | HandlerOutcome>;

/** Runs one job. What it returns is the job's result, or an outcome such as `snooze`; a throw is a failure. */
export type JobHandler<Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables = unknown> = (
  payload: PayloadOutput<Jobs, Type>,
  context: JobContext<Jobs, Tables>,
) => Returned<ResultInput<Jobs, Type>>;

/** How jobs gather into a batch. */
export interface BatchSettings {
  /** The most jobs that one call gets, from 1 to 1,000. */
  readonly size: number;
  /**
   * How long the first job waits for others to come before a smaller batch is run, in milliseconds; 0 by default: what
   * is there is run. The jobs wait in the queue, so no worker holds them meanwhile.
   */
  readonly lingerMs?: number;
}

/** One job of a batch: what a handler of single jobs has as its context, its payload, and how its run ends. */
export interface BatchJob<
  Jobs extends JobCatalog = JobCatalog,
  Type extends JobType<Jobs> = JobType<Jobs>,
  Tables = unknown,
> extends JobContext<Jobs, Tables> {
  readonly payload: PayloadOutput<Jobs, Type>;
  /**
   * Ends this job's run, whatever becomes of the others: what a handler of single jobs would return.
   * @throws {RunEndedError} if the run is over, or it has been said already how it ended
   */
  complete(result?: ResultInput<Jobs, Type> | HandlerOutcome): void;
  /**
   * Ends this job's run as failed: it is retried, or given up, as if its own handler had thrown this.
   * @throws {RunEndedError} as `complete` does
   */
  fail(error: unknown): void;
}

/** What the jobs of one batch have in common. */
export interface BatchContext {
  /** Aborts once none of the jobs that have not ended is to go on; each job has a signal of its own. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Runs jobs of one type together. Those it says nothing about have completed when it returns; if it throws they have
 * failed. The type's timeout is that of the whole call.
 */
export interface BatchHandler<Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables = unknown> {
  readonly batch: BatchSettings;
  readonly handle: (
    jobs: readonly BatchJob<Jobs, Type, Tables>[],
    context: BatchContext,
  ) => Promise<void> | void;
}

/** One handler per job type that a worker takes: of single jobs, or of batches. */
export type JobHandlers<Jobs extends JobCatalog, Tables = unknown> = {
  readonly [Type in JobType<Jobs>]?: JobHandler<Jobs, Type, Tables> | BatchHandler<Jobs, Type, Tables>;
};

/** Any handler, whatever its payload: the catalog checked the type when the handlers were named. */
export type AnyHandler = ((payload: never, context: never) => unknown) | AnyBatchHandler;
export interface AnyBatchHandler {
  readonly batch: BatchSettings;
  readonly handle: (jobs: readonly never[], context: BatchContext) => unknown;
}

export function isBatchHandler(handler: AnyHandler): handler is AnyBatchHandler {
  return typeof handler === "object";
}
