import type { Clock } from "../clock.ts";

/** Others are taken to write still for so long after they held the lock, in milliseconds. */
const REMEMBER_MS = 1_000;
/**
 * How long a process writes on, and then leaves the lock to the others, in milliseconds; random, so that not all rest
 * at once.
 */
const SLICE_MS = { least: 10, most: 25 };
const REST_MS = { least: 4, most: 6 };

/**
 * Shares the write lock between processes. SQLite keeps no queue for it: whoever asks at the right moment has it, and
 * that is mostly who has just let go. While others were met, each writes for a slice and then rests.
 */
export class LockShare {
  readonly #clock: Clock;
  readonly #random: () => number;
  #metAtMs = Number.NEGATIVE_INFINITY;
  #sliceEndsMs = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Somebody else holds the lock. */
  metOthers(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#metAtMs > REMEMBER_MS) this.#sliceEndsMs = nowMs + this.#between(SLICE_MS);
    this.#metAtMs = nowMs;
  }

  /** How long the next transaction has to wait, in milliseconds; 0 while no other process writes. */
  restMs(): number {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#metAtMs > REMEMBER_MS || nowMs < this.#sliceEndsMs) return 0;
    // Who wrote nothing since has rested already.
    const hasRested = nowMs - this.#sliceEndsMs >= REST_MS.most;
    const restMs = hasRested ? 0 : this.#between(REST_MS);
    this.#sliceEndsMs = nowMs + restMs + this.#between(SLICE_MS);
    return restMs;
  }

  #between({ least, most }: { readonly least: number; readonly most: number }): number {
    return least + this.#random() * (most - least);
  }
}
