import type { RateLimit } from "./limits.ts";

/**
 * A token bucket in one number (the generic cell rate algorithm, ITU-T I.371): the instant at which it would be full
 * again. Counted in whole microseconds, so that no rounding adds up to a token too many.
 */
export interface TokenBucket {
  readonly rate: Required<RateLimit>;
  /** When it is full again, in microseconds since 1970 UTC. */
  readonly fullAtUs: number;
}

/** Time per token; rounded up, so that the rate is never exceeded. */
function tokenUs({ limit, periodMs }: Required<RateLimit>): number {
  return Math.ceil((periodMs * 1_000) / limit);
}

/** Never further ahead than an empty bucket takes to fill. */
function missingUs({ rate, fullAtUs }: TokenBucket, nowMs: number): number {
  return Math.min(Math.max(fullAtUs - nowMs * 1_000, 0), rate.burst * tokenUs(rate));
}

/**
 * Whether it claims to be emptier than empty, as after the clock was set back. It has to be stored anew then: read
 * later, it would be as empty still.
 */
export function isTooFarAhead({ rate, fullAtUs }: TokenBucket, nowMs: number): boolean {
  return fullAtUs - nowMs * 1_000 > rate.burst * tokenUs(rate);
}

/** How many jobs may start now. */
export function tokensIn(bucket: TokenBucket, nowMs: number): number {
  return bucket.rate.burst - Math.ceil(missingUs(bucket, nowMs) / tokenUs(bucket.rate));
}

/** When the bucket is full again, in microseconds, after `tokens` of those that are in it have been taken. */
export function fullAtAfter(bucket: TokenBucket, nowMs: number, tokens: number): number {
  return nowMs * 1_000 + missingUs(bucket, nowMs) + tokens * tokenUs(bucket.rate);
}

/** In how many milliseconds there is a token; 0 if there is one now. */
export function nextTokenInMs(bucket: TokenBucket, nowMs: number): number {
  const lackingUs = missingUs(bucket, nowMs) - (bucket.rate.burst - 1) * tokenUs(bucket.rate);
  return Math.max(0, Math.ceil(lackingUs / 1_000));
}
