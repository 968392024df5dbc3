import type { Logger } from "pino";
import { definitionOf } from "../catalog.ts";
import { describeError } from "../error-text.ts";
import { AttemptTimeoutError, PayloadInvalidError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { readOutcome } from "../outcome.ts";
import { serializePayload } from "../payload.ts";
import { buryAs, type Queue } from "../queue.ts";
import type { Finish, Verdict } from "../store.ts";
import type { JobHandler } from "./handler.ts";
import { createContext, type RunEffects } from "./job-context.ts";

/** Any handler, whatever its payload: the catalog checked the type when the handlers were named. */
export type AnyHandler = JobHandler<never, never>;

export interface ExecuteOptions {
  readonly queue: Queue;
  readonly handler: AnyHandler;
  readonly job: ClaimedJob;
  /** Aborts when the job is cancelled, its lease lost, or the worker stops. */
  readonly abort: AbortController;
  readonly log: Logger;
}

/**
 * One run of a job: check the payload, run the handler under its timeout, read its outcome, and say how the run ended.
 * Writes nothing about the job but checkpoints.
 */
export async function executeJob(options: ExecuteOptions): Promise<Finish> {
  const parsed = options.queue.parse(options.job);
  if (parsed instanceof PayloadInvalidError) {
    options.log.error({ err: parsed }, "stored payload is invalid, job goes to the dead letters");
    return { job: options.job, verdict: buryAs(parsed), followUps: [], effects: [] };
  }
  return runHandler({ ...options, job: parsed });
}

async function runHandler(options: ExecuteOptions): Promise<Finish> {
  const { queue, handler, job, abort, log } = options;
  const { timeoutMs } = definitionOf(queue.catalog, job.type);
  const { context, asked } = createContext({
    job,
    catalog: queue.catalog,
    store: queue.store,
    signal: abort.signal,
    log,
  });
  try {
    // `never` lets one type stand for every handler; the payload was checked by this type's own schema.
    const returned = await withTimeout(
      async () => handler(job.payload as never, context),
      timeoutMs,
      abort,
      log,
    );
    return readVerdict(job, returned, asked);
  } catch (error) {
    return failed(queue, job, error, error instanceof AttemptTimeoutError, log);
  }
}

/** The finish of a run that failed, with what the type's `onDead` hook asks for if that was the last one. */
export function failed(
  queue: Queue,
  job: ClaimedJob,
  error: unknown,
  timedOut: boolean,
  log: Logger,
): Finish {
  const verdict = queue.verdictOnFailure(job, error, { timedOut });
  const dead = verdict.verb === "bury";
  const facts = { error: describeError(error), maxAttempts: job.maxAttempts };
  if (dead) log.error(facts, "run failed, job goes to the dead letters");
  else
    log.warn(
      { ...facts, delayMs: verdict.verb === "retry" ? verdict.delayMs : 0 },
      "run failed, will be retried",
    );
  return { job, verdict, followUps: queue.followUpsOf(job, verdict), effects: [] };
}

function readVerdict(job: ClaimedJob, returned: unknown, asked: RunEffects): Finish {
  const outcome = readOutcome(returned);
  const without = { followUps: [], effects: [] };
  if (outcome.kind === "snooze")
    return { job, verdict: { verb: "snooze", delayMs: outcome.delayMs }, ...without };
  if (outcome.kind === "cancel") return { job, verdict: { verb: "abandon" }, ...without };
  const result = outcome.result === undefined ? null : serializePayload(job.type, outcome.result);
  const verdict: Verdict = { verb: "complete", result };
  return { job, verdict, followUps: asked.followUps, effects: asked.effects };
}

/**
 * Waits for a handler no longer than its timeout. The signal aborts first; a handler that does not listen is left
 * behind, and what it does later is dropped, loudly.
 */
async function withTimeout(
  run: () => Promise<unknown>,
  timeoutMs: number,
  abort: AbortController,
  log: Logger,
): Promise<unknown> {
  const running = run();
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new AttemptTimeoutError(`The run took longer than ${timeoutMs} ms`);
      abort.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([running, timedOut]);
  } finally {
    clearTimeout(timer);
    running.catch((error: unknown) => {
      if (abort.signal.aborted)
        log.warn({ error: describeError(error) }, "handler failed after its run had ended");
    });
  }
}
