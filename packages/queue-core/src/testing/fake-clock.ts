import type { Clock } from "../clock.ts";

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;

  /** @param startMs wall-clock start, in milliseconds since 1970 UTC */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** Lets time pass, on both scales. */
  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Sets the wall clock, as an operator or NTP would; no time passes. */
  setWall(ms: number): void {
    this.#wallMs = ms;
  }
}
