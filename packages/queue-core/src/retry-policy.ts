import type { DeadReason } from "./define-job.ts";

/** No stored instant lies further ahead than this, whatever a backoff function returns. */
export const MAX_DELAY_MS = 365 * 24 * 60 * 60_000;

/** No job is tried more often than this. */
export const MAX_ATTEMPTS = 1_000;

export type FailureDecision =
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "dead"; readonly reason: DeadReason };

/**
 * Decides what becomes of a job whose run has failed.
 * @param run number of the run that failed (from 1), the job's limit, and whether another run can help
 * @param delayMs how long the type's policy waits after so many failures, in milliseconds
 */
export function decideFailure(
  run: { readonly attempt: number; readonly maxAttempts: number; readonly retryable: boolean },
  delayMs: (failures: number) => number,
): FailureDecision {
  if (!run.retryable) return { kind: "dead", reason: "not_retryable" };
  if (run.attempt >= run.maxAttempts) return { kind: "dead", reason: "attempts_exhausted" };
  return { kind: "retry", delayMs: clampDelay(delayMs(run.attempt)) };
}

/** What a job may be given to be claimed in, in words. */
export const EXPIRE_AFTER_RANGE = `a whole number of milliseconds from 1 to ${MAX_DELAY_MS} (a year)`;

/** Whether a job may be given so long to be claimed in. */
export function isExpireAfter(ms: number): boolean {
  return Number.isInteger(ms) && ms >= 1 && ms <= MAX_DELAY_MS;
}

/** A delay that can be stored: whole milliseconds from 0 to a year; anything else (NaN, negative) becomes 0. */
export function clampDelay(ms: number): number {
  if (!(ms > 0)) return 0;
  return Math.min(Math.ceil(ms), MAX_DELAY_MS);
}
