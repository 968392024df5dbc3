import type { Logger } from "pino";
import type { ClaimedJob } from "../job.ts";
import { AbortSwitch } from "./abort-switch.ts";

/** Has a log of its own, made at its first line: most runs write none. */
export interface Logged {
  readonly log: Logger;
}

/** One claimed job while its handler runs and its end is recorded. */
export class Run implements Logged {
  readonly job: ClaimedJob;
  readonly abort = new AbortSwitch();
  /** On the clock that never goes back, in milliseconds. */
  startedAtMs = 0;
  readonly #parent: Logger;
  #log: Logger | undefined;

  constructor(job: ClaimedJob, parent: Logger) {
    this.job = job;
    this.#parent = parent;
  }

  get log(): Logger {
    const { id: jobId, type, attempt, workflowId } = this.job;
    this.#log ??= this.#parent.child({ jobId, type, attempt, workflowId });
    return this.#log;
  }

  /** Tells its handler, once, that it is not to go on. */
  stop(reason: Error): void {
    if (this.abort.isAborted) return;
    this.log.warn({ reason: reason.message }, "signal aborted");
    this.abort.abort(reason);
  }
}
