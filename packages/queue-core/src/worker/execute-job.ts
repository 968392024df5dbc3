import type { Logger } from "pino";
import { definitionOf } from "../catalog.ts";
import {
  AttemptTimeoutError,
  JobCancelledError,
  LeaseLostError,
  PayloadInvalidError,
  WorkerStoppingError,
} from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { readOutcome } from "../outcome.ts";
import { serializeResult } from "../payload.ts";
import { buryAs, type Queue } from "../queue.ts";
import type { Finish, Verdict } from "../store.ts";
import { errorFacts } from "./error-facts.ts";
import { buryExhausted, type FailedRun, failRun } from "./fail-run.ts";
import type { JobContext, JobHandler } from "./handler.ts";
import { createContext, type RunEffects } from "./job-context.ts";
import type { Logged } from "./run.ts";
import { catchStrays, type Stray } from "./stray-errors.ts";

/** Any handler, whatever its payload: the catalog checked the type when the handlers were named. */
export type AnyHandler = JobHandler<never, never>;

export interface ExecuteOptions {
  readonly queue: Queue;
  readonly handler: AnyHandler;
  readonly job: ClaimedJob;
  /** Aborts when the job is cancelled, its lease lost, its time over, or the worker stops. */
  readonly abort: AbortController;
  readonly run: Logged;
}

/** How a run ended, and its job with the payload as the handler saw it. */
export interface ExecutedRun {
  readonly job: ClaimedJob;
  readonly finish: Finish;
}

/**
 * One run of a job: check the payload, run the handler under its timeout, read its outcome, and say how the run ended.
 * Writes nothing about the job but checkpoints. Never rejects for what a handler, a schema or a hook does.
 */
export async function executeJob(options: ExecuteOptions): Promise<ExecutedRun> {
  const parsed = options.queue.parse(options.job);
  if (parsed instanceof PayloadInvalidError) {
    options.run.log.error(errorFacts(parsed), "stored payload is invalid, job goes to the dead letters");
    return { job: options.job, finish: { job: options.job, verdict: buryAs(parsed), ...NOTHING } };
  }
  const { queue, run } = options;
  // Its last run was ended by the heartbeat of a worker that hung: what is left to do is to bury it.
  if (parsed.attempt > parsed.maxAttempts)
    return { job: parsed, finish: await buryExhausted(queue, parsed, run.log) };
  return { job: parsed, finish: await runHandler({ ...options, job: parsed }) };
}

const NOTHING = { followUps: [], effects: [] } as const;

async function runHandler(options: ExecuteOptions): Promise<Finish> {
  const { queue, job, abort, run } = options;
  const { context, asked, end } = createContext({
    job,
    catalog: queue.catalog,
    store: queue.store,
    abort,
    run,
  });
  try {
    return readVerdict(job, await callHandler(options, context), asked);
  } catch (error) {
    const verdict = verdictOnAbort(abort.signal);
    if (verdict) return { job, verdict, ...NOTHING };
    const failed: FailedRun = {
      job,
      error,
      timedOut: abort.signal.reason instanceof AttemptTimeoutError,
    };
    return failRun(queue, failed, run.log);
  } finally {
    end();
  }
}

/** A handler that fails after it was told to stop has not failed: its job was cancelled, or is no longer its own. */
function verdictOnAbort({ reason }: AbortSignal): Verdict | null {
  if (reason instanceof JobCancelledError) return { verb: "abandon" };
  if (reason instanceof LeaseLostError || reason instanceof WorkerStoppingError) return { verb: "handBack" };
  return null;
}

function readVerdict(job: ClaimedJob, returned: unknown, asked: RunEffects): Finish {
  const outcome = readOutcome(returned);
  if (outcome.kind === "snooze")
    return { job, verdict: { verb: "snooze", delayMs: outcome.delayMs }, ...NOTHING };
  if (outcome.kind === "cancel") return { job, verdict: { verb: "abandon" }, ...NOTHING };
  const result = outcome.result === undefined ? null : serializeResult(`a "${job.type}"`, outcome.result);
  return { job, verdict: { verb: "complete", result }, ...asked };
}

/**
 * Waits for a handler until it ends, its time is over, or an error it caused goes uncaught. In the last two cases
 * its signal aborts; a handler that does not listen is left behind, and what it does later is dropped, loudly.
 */
async function callHandler(options: ExecuteOptions, context: JobContext): Promise<unknown> {
  const { queue, handler, job, abort, run } = options;
  const { timeoutMs } = definitionOf(queue.catalog, job.type);
  const cut = Promise.withResolvers<never>();
  let over = false;
  const cutShort = (reason: unknown): void => {
    over = true;
    abort.abort(reason);
    cut.reject(reason);
  };
  const onStray = (stray: Stray, reason: unknown): void => {
    if (!over) cutShort(reason);
    else run.log.error(errorFacts(reason), LEFT_BEHIND[stray]);
  };
  const timer = setTimeout(() => {
    cutShort(new AttemptTimeoutError(`The run took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  // `never` lets one type stand for every handler; the payload was checked by this type's own schema.
  const running = catchStrays(onStray, async () => handler(job.payload as never, context));
  try {
    return await Promise.race([running, cut.promise]);
  } finally {
    clearTimeout(timer);
    if (over) logWhenItEnds(running, run.log);
    over = true;
  }
}

const LEFT_BEHIND: Readonly<Record<Stray, string>> = {
  rejection: "a promise that the handler left behind was rejected",
  exception: "what the handler left behind threw an exception",
};

function logWhenItEnds(running: Promise<unknown>, log: Logger): void {
  running.then(
    () => log.warn("handler returned after its run had ended, result dropped"),
    (error: unknown) => log.warn(errorFacts(error), "handler failed after its run had ended"),
  );
}
