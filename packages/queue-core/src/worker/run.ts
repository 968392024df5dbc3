import type { Logger } from "pino";
import type { CatalogIndex } from "../catalog.ts";
import type { ClaimedJob } from "../job.ts";
import { AbortSwitch } from "./abort-switch.ts";
import { jobLog } from "./job-log.ts";

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
  readonly #catalog: CatalogIndex;
  #log: Logger | undefined;

  constructor(job: ClaimedJob, parent: Logger, catalog: CatalogIndex) {
    this.job = job;
    this.#parent = parent;
    this.#catalog = catalog;
  }

  get log(): Logger {
    this.#log ??= jobLog(this.#parent, this.job, this.#catalog);
    return this.#log;
  }

  /** Tells its handler, once, that it is not to go on. */
  stop(reason: Error): void {
    if (this.abort.isAborted) return;
    this.log.warn({ reason: reason.message }, "signal aborted");
    this.abort.abort(reason);
  }
}
