import type { Logger } from "pino";
import { definitionOf } from "../catalog.ts";
import { systemClock } from "../clock.ts";
import { AttemptTimeoutError, JobCancelledError, LeaseLostError, WorkerStoppingError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { readOutcome } from "../outcome.ts";
import type { Queue } from "../queue.ts";

import { storeResult } from "../results.ts";
import type { Finish, Verdict } from "../store.ts";
import { isForOthers, isPayloadFault } from "../stored-payload.ts";
import type { AbortSwitch } from "./abort-switch.ts";
import { errorFacts } from "./error-facts.ts";
import { buryExhausted, failRun } from "./fail-run.ts";
import type { JobContext } from "./handler.ts";
import { RunContext } from "./job-context.ts";
import type { Logged } from "./run.ts";
import { catchStrays, type Stray } from "./stray-errors.ts";

/** Any handler, whatever its payload: the catalog checked the type when the handlers were named. */
export type AnyHandler = (payload: never, context: never) => unknown;

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
 * Writes nothing about the job but checkpoints. Never fails for what a handler, a schema or a hook does.
 * @returns no promise where nothing had to be waited for: a run costs little more than its handler then
 */
export function executeJob(options: ExecuteOptions): ExecutedRun | Promise<ExecutedRun> {
  const { queue, job, run } = options;
  // Only in a process of its own that is of an older deploy, or has fewer keys, than the worker which started it: after
  // a while another worker may take the job.
  if (isForOthers(queue.catalog, job)) {
    const { payloadVersion, keyId } = job;
    run.log.error({ payloadVersion, keyId }, "this process cannot read the payload, unlike its worker");
    return { job, finish: { job, verdict: { verb: "snooze", delayMs: UNREAD_MS }, ...NOTHING } };
  }
  const parsed = queue.parse(job);
  if (isPayloadFault(parsed)) {
    run.log.error(errorFacts(parsed), "stored payload is invalid, job goes to the dead letters");
    return { job, finish: { job, verdict: queue.verdictOnPayload(job, parsed), ...NOTHING } };
  }
  const asExecuted = (finish: Finish): ExecutedRun => ({ job: parsed, finish });
  // Its last run was ended by the heartbeat of a worker that hung: what is left to do is to bury it.
  const finish =
    parsed.attempt > parsed.maxAttempts ? buryExhausted(queue, parsed, run.log) : runHandler(options, parsed);
  return finish instanceof Promise ? finish.then(asExecuted) : asExecuted(finish);
}

/** Until a job is tried again that this process cannot read, in milliseconds: a deploy takes about so long. */
const UNREAD_MS = 60_000;

const NOTHING = { followUps: [], effects: [] } as const;

/**
 * What ended a run before its handler did. Not read from the reason of the abort: what a handler left behind may be a
 * proxy that bears no question, or an error of the queue's own about another job.
 */
interface Cut {
  by: "timeout" | Stray | null;
}

function runHandler(options: ExecuteOptions, job: ClaimedJob): Finish | Promise<Finish> {
  const { queue, abort, run } = options;
  const context = new RunContext({ job, catalog: queue.catalog, store: queue.store, abort, run });
  const cut: Cut = { by: null };
  const onFailure = (error: unknown): Finish => {
    context.end();
    const verdict = cut.by ? null : verdictOnAbort(abort);
    if (verdict) return { job, verdict, ...NOTHING };
    return failRun(queue, { job, error, timedOut: cut.by === "timeout" }, run.log);
  };
  const onReturn = (returned: unknown): Finish => {
    context.end();
    try {
      return readVerdict(queue, job, returned, context.asked);
    } catch (error) {
      return onFailure(error);
    }
  };
  let returned: unknown;
  try {
    returned = callHandler(options, job, context, cut);
  } catch (error) {
    return onFailure(error);
  }
  return returned instanceof Promise ? returned.then(onReturn, onFailure) : onReturn(returned);
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

/**
 * Calls a handler. One that returns a promise is waited for until it ends, its time is over, or an error it caused goes
 * uncaught. In the last two cases its signal aborts; a handler that does not listen is left behind, and what it does
 * later is dropped, loudly.
 */
function callHandler(options: ExecuteOptions, job: ClaimedJob, context: JobContext, cut: Cut): unknown {
  const { handler, run } = options;
  /** There while the handler is waited for; nothing else can happen while it holds the thread. */
  let cutShort: CutShort | undefined;
  const onStray = (stray: Stray, reason: unknown): void => {
    if (cutShort) cutShort(stray, reason);
    else run.log.error(errorFacts(reason), LEFT_BEHIND[stray]);
  };
  const startedAtMs = systemClock.monotonic();
  const returned = catchStrays(onStray, () => {
    // `never` lets one type stand for every handler; the payload was checked by this type's own schema.
    const value: unknown = handler(job.payload as never, context as never);
    return isThenable(value) ? Promise.resolve(value) : value;
  });
  if (!(returned instanceof Promise)) return returned;
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
      if (!options.abort.isAborted) cut.by = by;
      options.abort.abort(reason);
      end.reject(reason);
      logWhenItEnds(returned, run.log);
    });
  const { timeoutMs } = definitionOf(options.queue.catalog, job.type);
  // Its time began with its first line: it may have held the thread before it came to wait.
  const timer = setTimeout(
    () => cutShort?.("timeout", new AttemptTimeoutError(`The run took longer than ${timeoutMs} ms`)),
    Math.max(0, timeoutMs - (systemClock.monotonic() - startedAtMs)),
  );
  returned.then(
    (value) => settle(() => end.resolve(value)),
    (error: unknown) => settle(() => end.reject(error)),
  );
  return end.promise;
}

type CutShort = (by: NonNullable<Cut["by"]>, reason: unknown) => void;

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
