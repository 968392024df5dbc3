import type { Logger } from "pino";
import { definitionOf } from "../catalog.ts";
import { ResultInvalidError, RunEndedError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import type { Queue } from "../queue.ts";
import type { Finish } from "../store.ts";
import { AbortSwitch } from "./abort-switch.ts";
import { beforeHandler, type ExecutedRun } from "./before-handler.ts";
import { callHandler } from "./call-handler.ts";
import { errorFacts } from "./error-facts.ts";
import type { AnyBatchHandler, BatchJob } from "./handler.ts";
import { type ContextParts, RunContext } from "./job-context.ts";
import type { ReportRounds } from "./report-rounds.ts";
import type { Logged } from "./run.ts";
import { RunEnd } from "./run-end.ts";

/** One claimed job of a batch. */
export interface BatchMember {
  readonly job: ClaimedJob;
  /** Aborts when this job is cancelled, its lease lost, or the worker stops. */
  readonly abort: AbortSwitch;
  readonly log: Logger;
}

export interface BatchRun<Member extends BatchMember> {
  readonly queue: Queue;
  readonly handler: AnyBatchHandler;
  /** Jobs of one type. */
  readonly members: readonly Member[];
  /** Aborts the call: once none of the jobs that have not ended is to go on, or from outside. */
  readonly abort: AbortSwitch;
  readonly run: Logged;
  readonly rounds: ReportRounds;
  /** Called once for each member, as soon as it is known how its run ended. */
  readonly onEnd: (member: Member, executed: ExecutedRun) => void;
  /** Called in place of that if it cannot be known. */
  readonly onBroken: (member: Member, error: unknown) => void;
  /** Called once the handler is not waited for any longer, which may be after its jobs have all ended. */
  readonly onReturn?: () => void;
}

/**
 * Runs jobs of one type in one call of their handler. Each ends by itself, when the handler says so or with the call,
 * and as it would in a run of its own. Never fails for what a handler, a schema or a hook does.
 */
export function executeBatch<Member extends BatchMember>(options: BatchRun<Member>): void {
  const { queue, members, rounds, onEnd, onBroken, onReturn } = options;
  const open = new OpenJobs(options.abort);
  for (const member of members) {
    const { job, abort } = member;
    let found: ReturnType<typeof beforeHandler>;
    try {
      found = beforeHandler(queue, job, member);
    } catch (error) {
      onBroken(member, error);
      continue;
    }
    if (found instanceof Promise) {
      found.then(
        (executed) => onEnd(member, executed),
        (error: unknown) => onBroken(member, error),
      );
    } else if ("finish" in found) onEnd(member, found);
    else {
      const parts = { job: found, catalog: queue.catalog, store: queue.store, abort, run: member, rounds };
      open.add(
        new JobInBatch({ ...parts, queue, onEnd: (finish) => onEnd(member, { job: found, finish }) }, open),
      );
    }
  }
  if (open.jobs.size > 0) runBatch(options, open);
  else onReturn?.();
}

function runBatch<Member extends BatchMember>(
  { queue, handler, members, run, onReturn }: BatchRun<Member>,
  open: OpenJobs,
): void {
  const jobs = [...open.jobs];
  const type = members[0]?.job.type ?? "";
  const context = {
    get signal(): AbortSignal {
      return open.abort.signal;
    },
    get log() {
      return run.log;
    },
  };
  const failed = (error: unknown): void => {
    if (open.jobs.size === 0)
      run.log.error(errorFacts(error), "handler failed after all jobs of its batch had ended");
    open.end((job) => job.fail(error));
    onReturn?.();
  };
  const returned = (value: unknown): void => {
    if (open.jobs.size > 0 && value !== undefined && value !== null) return failed(uselessResult(type));
    open.end((job) => job.complete());
    onReturn?.();
  };
  let value: unknown;
  try {
    value = callHandler({
      // `never` lets one type stand for every handler; the payloads were checked by this type's own schema.
      call: () => handler.handle(jobs as unknown as readonly never[], context),
      timeoutMs: definitionOf(queue.catalog, type).timeoutMs,
      onCut: (by, reason) => {
        for (const job of open.jobs) job.cut(by, reason);
        open.abort.abort(reason);
      },
      run,
    });
  } catch (error) {
    failed(error);
    return;
  }
  if (value instanceof Promise) value.then(returned, failed);
  else returned(value);
}

/** It may be a list of what became of each job: to take them all for completed would lose those that are not. */
export function uselessResult(type: string): ResultInvalidError {
  return new ResultInvalidError(
    `The batch handler of "${type}" returned a value, which says nothing about its jobs: ` +
      "end each with its own complete() or fail(), and return nothing",
  );
}

/** The jobs of a batch that have not ended, and the signal of the batch: it aborts once none of them is to go on. */
class OpenJobs {
  readonly jobs = new Set<JobInBatch>();
  readonly abort: AbortSwitch;

  constructor(abort: AbortSwitch) {
    this.abort = abort;
  }

  add(job: JobInBatch): void {
    this.jobs.add(job);
    job.signal.addEventListener("abort", () => this.#look(), { once: true });
  }

  delete(job: JobInBatch): void {
    this.jobs.delete(job);
    this.#look();
  }

  end(how: (job: JobInBatch) => void): void {
    // Each takes itself out, which a walk through a set allows.
    for (const job of this.jobs) how(job);
  }

  #look(): void {
    let reason: unknown;
    for (const { signal } of this.jobs) {
      if (!signal.aborted) return;
      reason ??= signal.reason;
    }
    if (this.jobs.size > 0) this.abort.abort(reason);
  }
}

interface JobParts extends ContextParts {
  readonly queue: Queue;
  readonly onEnd: (finish: Finish) => void;
}

/** What a batch handler sees of one of its jobs. */
class JobInBatch extends RunContext implements BatchJob {
  readonly payload: unknown;
  readonly #open: OpenJobs;
  readonly #end: RunEnd;
  readonly #onEnd: (finish: Finish) => void;

  constructor(parts: JobParts, open: OpenJobs) {
    super(parts);
    this.payload = parts.job.payload;
    this.#open = open;
    this.#end = new RunEnd({ ...parts, context: this });
    this.#onEnd = parts.onEnd;
  }

  complete(result?: unknown): void {
    this.#settle(() => this.#end.returned(result));
  }

  fail(error: unknown): void {
    this.#settle(() => this.#end.failed(error));
  }

  cut(...how: Parameters<RunEnd["cut"]>): void {
    this.#end.cut(...how);
  }

  #settle(how: () => Finish): void {
    if (!this.#open.jobs.has(this))
      throw new RunEndedError(`The run of job ${this.jobId} is over: it has been said how it ended`);
    const finish = how();
    this.#open.delete(this);
    this.#onEnd(finish);
  }
}
