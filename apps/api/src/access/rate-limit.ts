import type { Clock } from "@holdfast/queue-core";
import { RateLimitedError } from "./access-errors.ts";
import type { Caller } from "./api-keys.ts";

export interface RateLimitOptions {
  /** Requests per minute and caller, over time. */
  readonly perMinute: number;
  /** Requests that may come at once after a pause. */
  readonly burst: number;
  readonly clock: Clock;
}

/**
 * Limits how often each caller may ask, by the generic cell rate algorithm (ITU-T I.371): one number per caller, and no
 * window at whose edge twice as much would pass. Held per process: it keeps one caller from starving the others, it
 * meters nothing.
 * @returns a function that throws `RateLimitedError` for a request too many
 */
export function createRateLimit({ perMinute, burst, clock }: RateLimitOptions): (caller: Caller) => void {
  const intervalMs = 60_000 / perMinute;
  const toleranceMs = intervalMs * (burst - 1);
  // As many entries as there are API keys: a caller is known before it gets here.
  const dueMs = new Map<Caller, number>();
  return (caller) => {
    const nowMs = clock.monotonic();
    const due = Math.max(dueMs.get(caller) ?? nowMs, nowMs);
    const earlyMs = due - nowMs - toleranceMs;
    if (earlyMs > 0) throw new RateLimitedError(earlyMs);
    dueMs.set(caller, due + intervalMs);
  };
}
