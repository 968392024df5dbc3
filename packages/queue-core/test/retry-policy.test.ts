import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampDelay, decideFailure, MAX_DELAY_MS } from "../src/retry-policy.ts";

const delayMs = (): number => 1_000;

describe("decideFailure", () => {
  it("retries as long as an attempt is left", () => {
    for (const attempt of [1, 2, 3, 4]) {
      expect(decideFailure({ attempt, maxAttempts: 5, retryable: true }, delayMs)).toEqual({
        kind: "retry",
        delayMs: 1_000,
      });
    }
  });

  it("gives up after the last attempt, by the job's own limit", () => {
    const exhausted = { kind: "dead", reason: "attempts_exhausted" };
    expect(decideFailure({ attempt: 5, maxAttempts: 5, retryable: true }, delayMs)).toEqual(exhausted);
    expect(decideFailure({ attempt: 6, maxAttempts: 5, retryable: true }, delayMs)).toEqual(exhausted);
    expect(decideFailure({ attempt: 1, maxAttempts: 1, retryable: true }, delayMs)).toEqual(exhausted);
  });

  it("gives up at once when no retry can help, and says so even on the last attempt", () => {
    for (const attempt of [1, 5]) {
      expect(decideFailure({ attempt, maxAttempts: 5, retryable: false }, delayMs)).toEqual({
        kind: "dead",
        reason: "not_retryable",
      });
    }
  });

  it("tells the backoff how often the job has failed", () => {
    const run = { attempt: 3, maxAttempts: 5, retryable: true };
    const decided = decideFailure(run, (failures) => failures * 7);
    expect(decided).toEqual({ kind: "retry", delayMs: 21 });
  });
});

describe("clampDelay", () => {
  it("turns whatever a function returns into whole milliseconds from 0 to a year", () => {
    fc.assert(
      fc.property(fc.double(), (ms) => {
        const delayMs = clampDelay(ms);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
      }),
    );
  });

  it("rounds up, so that nothing is early", () => {
    expect([0.2, 1, 1.5, -3, Number.NaN, Number.POSITIVE_INFINITY].map(clampDelay)).toEqual([
      1,
      1,
      2,
      0,
      0,
      MAX_DELAY_MS,
    ]);
  });
});
