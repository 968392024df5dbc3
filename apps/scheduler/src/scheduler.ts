import { setTimeout as sleep } from "node:timers/promises";
import { FaultLog } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import type { Logger } from "pino";

export interface SchedulerOptions {
  readonly queue: ShopQueue;
  readonly log: Logger;
  /** How often to look for something to do, in milliseconds; 1,000 by default. */
  readonly tickMs?: number;
}

/** A write-ahead log that is longer than this after a checkpoint, in bytes, is held by somebody who reads. */
const LONG_LOG_BYTES = 16 * 1_048_576;
/** After so many ticks in a row somebody is told. */
const TICKS_TO_TELL = 10;

/**
 * Turns due schedules into jobs, promotes due jobs, takes jobs back from workers that died, and keeps the write-ahead
 * log short. Any number may run: what each step does is decided under the database's lock.
 */
export class Scheduler {
  readonly #queue: ShopQueue;
  readonly #log: Logger;
  readonly #tickMs: number;
  readonly #stopping = new AbortController();
  readonly #faults: FaultLog;
  #longLogTicks = 0;
  #loop: Promise<void> | null = null;
  #expiring: Promise<void> | null = null;

  constructor({ queue, log, tickMs = 1_000 }: SchedulerOptions) {
    this.#queue = queue;
    this.#log = log;
    this.#faults = new FaultLog(log);
    this.#tickMs = tickMs;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when the step under way is done. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#expiring;
  }

  /** One look at everything there is to do. A step that fails is logged and keeps no other from its turn. */
  async tick(): Promise<void> {
    await this.#look();
    await this.#expiring;
  }

  async #look(): Promise<void> {
    await this.#step("adding jobs of due schedules", "jobs of due schedules added", () =>
      this.#queue.runDueCronJobs(),
    );
    await this.#step("promoting due jobs", "due jobs promoted", () => this.#queue.store.promoteDue());
    await this.#step("rescuing jobs", "jobs of silent workers handed back", () =>
      this.#queue.releaseStaleJobs(),
    );
    // Not waited for: there may be very many, and neither schedules nor the log may wait for the last of them.
    this.#expiring ??= this.#expire().finally(() => {
      this.#expiring = null;
    });
    await this.#step("checkpointing", "", () => this.#checkpoint());
  }

  #expire(): Promise<void> {
    const { signal } = this.#stopping;
    return this.#step("giving up expired jobs", "jobs that nobody claimed in time given up", () =>
      this.#queue.expireJobs({ signal }),
    );
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#look();
      // Rejects only because `stop` aborted it, which the loop's condition then sees.
      await sleep(this.#tickMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  async #step(doing: string, done: string, step: () => Promise<number>): Promise<void> {
    try {
      const count = await step();
      if (count > 0) this.#log.info({ count }, done);
      this.#faults.works(doing);
    } catch (error) {
      this.#faults.failed(doing, error);
    }
  }

  /** This process empties the write-ahead log for all: the others do so only when it has grown long. */
  async #checkpoint(): Promise<0> {
    const { logBytes } = await this.#queue.store.checkpoint();
    const ticks = logBytes > LONG_LOG_BYTES ? this.#longLogTicks + 1 : 0;
    const megabytes = Math.round(logBytes / 1_048_576);
    if (ticks === TICKS_TO_TELL) {
      this.#log.warn(
        { megabytes },
        "a reader holds the write-ahead log; it grows and slows writers down until that reader ends",
      );
    }
    if (ticks === 0 && this.#longLogTicks >= TICKS_TO_TELL) {
      this.#log.info({ megabytes }, "the write-ahead log is emptied again");
    }
    this.#longLogTicks = ticks;
    return 0;
  }
}
