import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { FaultLog } from "../fault-log.ts";
import type { Queue } from "../queue.ts";

export interface RescueRoundsOptions {
  readonly queue: Queue;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly log: Logger;
  readonly faults: FaultLog;
}

/** How often a worker looks for others that have died: an observer counts no finer than thirds of a lease. */
const LOOKS_PER_LEASE = 3;

/** Workers need no scheduler to be correct: each takes back what others have left behind, or left lying. */
export class RescueRounds {
  readonly #options: RescueRoundsOptions;
  #lastMs = Number.NEGATIVE_INFINITY;
  readonly #stopping = new AbortController();
  #expiring: Promise<void> | null = null;

  constructor(options: RescueRoundsOptions) {
    this.#options = options;
  }

  /** Does nothing if the last round is not long enough ago. Never fails: what goes wrong is logged. */
  async ifDue(): Promise<void> {
    const { queue, clock, leaseMs, log, faults } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs - this.#lastMs < leaseMs / LOOKS_PER_LEASE) return;
    this.#lastMs = nowMs;
    try {
      const rescued = await queue.store.rescue();
      if (rescued > 0) log.warn({ rescued }, "jobs of silent workers handed back");
      faults.works("rescuing");
    } catch (error) {
      faults.failed("rescuing", error);
    }
    // Not waited for: there may be very many, and between two of its transactions a claim has its turn.
    this.#expiring ??= this.#expire().finally(() => {
      this.#expiring = null;
    });
  }

  /** Resolves once nothing more is given up here; what is left is for others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#expiring;
  }

  async #expire(): Promise<void> {
    const { queue, log, faults } = this.#options;
    const { signal } = this.#stopping;
    try {
      const expired = await queue.expireJobs({ signal });
      if (expired > 0) log.warn({ expired }, "jobs that nobody claimed in time given up");
      if (!signal.aborted) faults.works("giving up expired jobs");
    } catch (error) {
      faults.failed("giving up expired jobs", error);
    }
  }
}
