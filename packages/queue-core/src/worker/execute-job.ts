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
import type { AbortSwitch } from "./abort-switch.ts";
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
  readonly abort: AbortSwitch;
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
  const { queue, job, run } = options;
  const parsed = queue.parse(job);
  if (parsed instanceof PayloadInvalidError) {
    run.log.error(errorFacts(parsed), "stored payload is invalid, job goes to the dead letters");
    return { job, finish: { job, verdict: buryAs(parsed), ...NOTHING } };
  }
  // Its last run was ended by the heartbeat of a worker that hung: what is left to do is to bury it.
  if (parsed.attempt > parsed.maxAttempts)
    return { job: parsed, finish: await buryExhausted(queue, parsed, run.log) };
  return { job: parsed, finish: await runHandler(options, parsed) };
}

const NOTHING = { followUps: [], effects: [] } as const;

/**
 * What ended a run before its handler did. Not read from the reason of the abort: what a handler left behind may be a
 * proxy that bears no question, or an error of the queue's own about another job.
 */
interface Cut {
  by: "timeout" | Stray | null;
}

async function runHandler(options: ExecuteOptions, job: ClaimedJob): Promise<Finish> {
  const { queue, abort, run } = options;
  const { context, asked, end } = createContext({
    job,
    catalog: queue.catalog,
    store: queue.store,
    abort,
    run,
  });
  const cut: Cut = { by: null };
  try {
    const returned = callHandler(options, job, context, cut);
    return readVerdict(job, returned instanceof Promise ? await returned : returned, asked);
  } catch (error) {
    const verdict = cut.by ? null : verdictOnAbort(abort);
    if (verdict) return { job, verdict, ...NOTHING };
    const failed: FailedRun = { job, error, timedOut: cut.by === "timeout" };
    return failRun(queue, failed, run.log);
  } finally {
    end();
  }
}

/** A handler that fails after it was told to stop has not failed: its job was cancelled, or is no longer its own. */
function verdictOnAbort({ reason }: AbortSwitch): Verdict | null {
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
 * Calls a handler. One that returns a promise is waited for until it ends, its time is over, or an error it caused goes
 * uncaught. In the last two cases its signal aborts; a handler that does not listen is left behind, and what it does
 * later is dropped, loudly.
 */
function callHandler(
  { queue, handler, abort, run }: ExecuteOptions,
  job: ClaimedJob,
  context: JobContext,
  cut: Cut,
): unknown {
  const { timeoutMs } = definitionOf(queue.catalog, job.type);
  /** There while the handler is waited for; nothing else can happen while it holds the thread. */
  let cutShort: ((by: NonNullable<Cut["by"]>, reason: unknown) => void) | undefined;
  const onStray = (stray: Stray, reason: unknown): void => {
    if (cutShort) cutShort(stray, reason);
    else run.log.error(errorFacts(reason), LEFT_BEHIND[stray]);
  };
  // Set before it begins: a handler may hold the thread first and wait then.
  const timer = setTimeout(() => {
    cutShort?.("timeout", new AttemptTimeoutError(`The run took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  let running: Promise<unknown> | undefined;
  try {
    const returned = catchStrays(onStray, () => {
      // `never` lets one type stand for every handler; the payload was checked by this type's own schema.
      const value: unknown = handler(job.payload as never, context);
      return isThenable(value) ? Promise.resolve(value) : value;
    });
    if (!(returned instanceof Promise)) return returned;
    running = returned;
  } finally {
    if (!running) clearTimeout(timer);
  }
  const waited = running;
  const end = Promise.withResolvers<unknown>();
  const settle = (how: () => void): void => {
    if (!cutShort) return;
    cutShort = undefined;
    clearTimeout(timer);
    how();
  };
  cutShort = (by, reason) =>
    settle(() => {
      // A run that was told before to stop ends for that reason.
      if (!abort.isAborted) cut.by = by;
      abort.abort(reason);
      end.reject(reason);
      logWhenItEnds(waited, run.log);
    });
  waited.then(
    (value) => settle(() => end.resolve(value)),
    (error: unknown) => settle(() => end.reject(error)),
  );
  return end.promise;
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
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
