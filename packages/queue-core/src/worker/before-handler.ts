import type { ClaimedJob } from "../job.ts";
import type { Queue } from "../queue.ts";
import type { Finish } from "../store.ts";
import { isForOthers, isPayloadFault } from "../stored-payload.ts";
import { errorFacts } from "./error-facts.ts";
import { buryExhausted } from "./fail-run.ts";
import type { Logged } from "./run.ts";

/** How a run ended, and its job with the payload as the handler saw it. */
export interface ExecutedRun {
  readonly job: ClaimedJob;
  readonly finish: Finish;
}

/** Until a job is tried again that this process cannot read, in milliseconds: a deploy takes about so long. */
const UNREAD_MS = 60_000;

const NOTHING = { followUps: [], effects: [] } as const;

/** A job with its payload as its handler gets it, or how it ends if no handler is to see it. */
export function beforeHandler(
  queue: Queue,
  job: ClaimedJob,
  run: Logged,
): ClaimedJob | ExecutedRun | Promise<ExecutedRun> {
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
  if (parsed.attempt <= parsed.maxAttempts) return parsed;
  // Its last run was ended by the heartbeat of a worker that hung: what is left to do is to bury it.
  return buryExhausted(queue, parsed, run.log).then((finish) => ({ job: parsed, finish }));
}
