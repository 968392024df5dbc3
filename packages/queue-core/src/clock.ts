/** Where the queue gets the time from; tests inject a clock they move by hand. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970 UTC. May jump in either direction. */
  now(): number;
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  monotonic(): number;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
