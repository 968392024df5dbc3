import { OptionInvalidError } from "./errors.ts";

/** How many jobs may start over time, by a token bucket. */
export interface RateLimit {
  /** So many jobs in each period, evenly spread: a whole number from 1, at most 1,000 per millisecond. */
  readonly limit: number;
  /** In milliseconds, from 1 to a day. */
  readonly periodMs: number;
  /**
   * How many may start at once after a time in which fewer did: 1 (the default) to 10,000. In any time span at most
   * `burst` more start than the rate alone would let.
   */
  readonly burst?: number;
}

/** How fast the jobs of a type may be claimed, over all workers. At least one of the two. */
export interface TypeLimit {
  readonly rate?: RateLimit;
  /** At most so many run at a time: a whole number from 1 to 10,000. */
  readonly concurrency?: number;
}

/** A limit as it stands. */
export interface LimitedType {
  readonly type: string;
  readonly rate: Required<RateLimit> | null;
  readonly concurrency: number | null;
}

const LONGEST_PERIOD_MS = 24 * 3_600_000;
const MOST = 10_000;
/** Tokens are spaced in whole microseconds. */
const MOST_PER_MS = 1_000;

/** @throws {OptionInvalidError} saying which number is out of range */
export function requireLimit(type: string, { rate, concurrency }: TypeLimit): LimitedType {
  const bounded = (name: string, value: number, most: number): number => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new OptionInvalidError(
      `The limit of "${type}": ${name} must be a whole number from 1 to ${most}, got ${value}`,
    );
  };
  if (rate === undefined && concurrency === undefined)
    throw new OptionInvalidError(`The limit of "${type}" needs a rate or a concurrency; null lifts it`);
  const periodMs = rate ? bounded("rate.periodMs", rate.periodMs, LONGEST_PERIOD_MS) : 0;
  return {
    type,
    rate: rate
      ? {
          limit: bounded("rate.limit", rate.limit, periodMs * MOST_PER_MS),
          periodMs,
          burst: bounded("rate.burst", rate.burst ?? 1, MOST),
        }
      : null,
    concurrency: concurrency === undefined ? null : bounded("concurrency", concurrency, MOST),
  };
}
