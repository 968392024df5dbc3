import type { Logger } from "pino";
import { linear } from "../backoff.ts";
import { describeError } from "../error-text.ts";
import type { ClaimedJob } from "../job.ts";
import type { Queue } from "../queue.ts";
import type { Finish, NewJob, Verdict } from "../store.ts";
import { errorFacts } from "./error-facts.ts";

export interface FailedRun {
  /** With its payload as the schema gave it: the type's `onDead` hook gets it. */
  readonly job: ClaimedJob;
  readonly error: unknown;
  readonly timedOut: boolean;
}

/** The finish of a run that failed, with what the type's `onDead` hook asks for if that was the last one. */
export function failRun(queue: Queue, run: FailedRun, log: Logger): Finish {
  const verdict = decide(queue, { ...run, error: toReadable(run.error) }, log);
  const facts = { ...errorFacts(run.error), maxAttempts: run.job.maxAttempts };
  if (verdict.verb === "retry")
    log.warn({ ...facts, delayMs: verdict.delayMs }, "run failed, will be retried");
  else log.error(facts, "run failed, job goes to the dead letters");
  return { job: run.job, ...withFollowUps(queue, run.job, verdict, log), effects: [] };
}

/** The finish of a job that was claimed with no attempt left. */
export async function buryExhausted(queue: Queue, job: ClaimedJob, log: Logger): Promise<Finish> {
  const last = (await queue.store.attempts(job.id)).at(-1);
  const verdict: Verdict = {
    verb: "bury",
    reason: "attempts_exhausted",
    error: last?.error ?? "It has no attempt left",
    timedOut: last?.outcome === "timed_out",
  };
  log.error({ error: verdict.error }, "no attempt is left, job goes to the dead letters");
  return { job, ...withFollowUps(queue, job, verdict, log), effects: [] };
}

/** The finish of a run whose process died, with what the `onDead` hook asks for if that was once too often. */
export function crashRun(queue: Queue, claimed: ClaimedJob, how: string, log: Logger): Finish {
  const error = `The process that ran this job alone died: ${how}`;
  const parsed = queue.parse(claimed);
  // A payload that its schema refuses reached no handler, so the hook is not asked either.
  const job = parsed instanceof Error ? claimed : parsed;
  const bury: Verdict = { verb: "bury", reason: "worker_died", error, timedOut: false };
  const followUps = parsed instanceof Error ? [] : withFollowUps(queue, job, bury, log).followUps;
  log.error({ how }, "job ended the process that ran it alone");
  return { job, verdict: { verb: "crash", error }, followUps, effects: [] };
}

/** `instanceof` runs code of a proxy: what cannot bear to be asked is replaced by its description. */
function toReadable(thrown: unknown): unknown {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    return new Error(describeError(thrown));
  }
  return thrown;
}

/** A custom backoff is code of the application's: where it throws, the default one decides. */
function decide(queue: Queue, { job, error, timedOut }: FailedRun, log: Logger): Verdict {
  try {
    return queue.verdictOnFailure(job, error, { timedOut });
  } catch (cause) {
    log.error(errorFacts(cause), "the retry policy threw, the default one is used");
    const text = describeError(error);
    return job.attempt >= job.maxAttempts
      ? { verb: "bury", reason: "attempts_exhausted", error: text, timedOut }
      : { verb: "retry", delayMs: linear().boundMs(job.attempt), error: text, timedOut };
  }
}

/** A job must not stay alive because its own obituary fails: it is buried without follow-ups, and says so. */
function withFollowUps(
  queue: Queue,
  job: ClaimedJob,
  verdict: Verdict,
  log: Logger,
): { readonly verdict: Verdict; readonly followUps: readonly NewJob[] } {
  try {
    return { verdict, followUps: queue.followUpsOf(job, verdict) };
  } catch (cause) {
    log.error(errorFacts(cause), "the onDead hook failed, the jobs it asks for are not added");
    if (verdict.verb !== "bury") return { verdict, followUps: [] };
    const error = `${verdict.error}\nIts onDead hook failed too: ${describeError(cause)}`;
    return { verdict: { ...verdict, error }, followUps: [] };
  }
}
