import type { Logger } from "pino";
import type { ClaimedJob } from "../job.ts";
import type { OnFault } from "../judge-failure.ts";
import type { Queue } from "../queue.ts";
import type { Finish, Verdict } from "../store.ts";
import { errorFacts } from "./error-facts.ts";

export interface FailedRun {
  /** With its payload as the schema gave it: the type's `onDead` hook gets it. */
  readonly job: ClaimedJob;
  readonly error: unknown;
  readonly timedOut: boolean;
}

/** The finish of a run that failed, with what the type's `onDead` hook asks for if that was the last one. */
export function failRun(queue: Queue, { job, error, timedOut }: FailedRun, log: Logger): Finish {
  const onFault = faultLog(log);
  const verdict = queue.verdictOnFailure(job, error, { timedOut, onFault });
  const facts = { ...errorFacts(error), maxAttempts: job.maxAttempts };
  if (verdict.verb === "retry")
    log.warn({ ...facts, delayMs: verdict.delayMs }, "run failed, will be retried");
  else log.error(facts, "run failed, job goes to the dead letters");
  return { job, ...queue.withFollowUps(job, verdict, onFault), effects: [] };
}

/** The finish of a job that was claimed with no attempt left. */
export async function buryExhausted(queue: Queue, job: ClaimedJob, log: Logger): Promise<Finish> {
  const finish = await queue.buryExhausted(job, faultLog(log));
  if ("error" in finish.verdict)
    log.error({ error: finish.verdict.error }, "no attempt is left, job goes to the dead letters");
  return finish;
}

/** The finish of a run whose process died, with what the `onDead` hook asks for if that was once too often. */
export function crashRun(queue: Queue, claimed: ClaimedJob, how: string, log: Logger): Finish {
  const error = `The process that ran this job alone died: ${how}`;
  const parsed = queue.parse(claimed);
  // A payload that its schema refuses reached no handler, so the hook is not asked either.
  const job = parsed instanceof Error ? claimed : parsed;
  const bury: Verdict = { verb: "bury", reason: "worker_died", error, timedOut: false };
  const followUps = parsed instanceof Error ? [] : queue.withFollowUps(job, bury, faultLog(log)).followUps;
  log.error({ how }, "job ended the process that ran it alone");
  return { job, verdict: { verb: "crash", error }, followUps, effects: [] };
}

/** Says what code of the application's threw while it was asked about a failure. */
function faultLog(log: Logger): OnFault {
  return (what, cause) => log.error(errorFacts(cause), what);
}
