import { LONGEST_TIMER_MS } from "../define-job.ts";
import { OptionInvalidError } from "../errors.ts";
import { shown } from "../known-options.ts";
import { DEFAULT_LEASE_MS } from "../queue.ts";

/** The numbers a worker goes by. */
export interface WorkerLimits {
  /** How many jobs run at a time; 10 by default. */
  readonly concurrency: number;
  /** How long a silent worker keeps its jobs, in milliseconds; renewed every third of it; 30,000 by default. */
  readonly leaseMs: number;
  /** How long `stop` waits for running jobs before it hands them back, in milliseconds; 25,000 by default. */
  readonly shutdownMs: number;
  /** How often an idle worker looks for work, in milliseconds; 1,000 by default. */
  readonly pollMs: number;
}

/**
 * Fills in the defaults.
 * @throws {OptionInvalidError} naming the number that is out of range
 */
export function readLimits(given: Partial<WorkerLimits>): WorkerLimits {
  const { concurrency = 10, leaseMs = DEFAULT_LEASE_MS, shutdownMs = 25_000, pollMs = 1_000 } = given;
  const limits = { concurrency, leaseMs, shutdownMs, pollMs };
  for (const [name, value] of Object.entries(limits)) {
    const least = name === "shutdownMs" ? 0 : 1;
    if (!Number.isInteger(value) || value < least || value > LONGEST_TIMER_MS) {
      throw new OptionInvalidError(
        `Worker: ${name} must be a whole number from ${least} to ${LONGEST_TIMER_MS}, got ${shown(value)}`,
      );
    }
  }
  return limits;
}
