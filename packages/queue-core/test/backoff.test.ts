import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Backoff, custom, exponential, fixed, linear } from "../src/backoff.ts";

const failures = fc.integer({ min: 1, max: 2_000 });
const ms = fc.integer({ min: 1, max: 3_600_000 });
const half = (): number => 0.5;

/** Asserts that a later failure never has a smaller bound. */
function grows(backoff: Backoff, failed: number): void {
  expect(backoff.boundMs(failed + 1)).toBeGreaterThanOrEqual(backoff.boundMs(failed));
}

describe("linear", () => {
  it("waits 30 s more after each failure by default", () => {
    expect([1, 2, 3, 4].map((n) => linear().delayMs(n, half))).toEqual([30_000, 60_000, 90_000, 120_000]);
  });

  it("adds the same step after each failure", () => {
    fc.assert(
      fc.property(ms, failures, (stepMs, n) => {
        const backoff = linear({ stepMs });
        expect(backoff.boundMs(n + 1) - backoff.boundMs(n)).toBe(stepMs);
        expect(backoff.delayMs(n, half)).toBe(backoff.boundMs(n));
      }),
    );
  });
});

describe("exponential", () => {
  it("doubles its bound up to the cap", () => {
    const backoff = exponential({ firstMs: 100, maxMs: 1_000 });
    expect([1, 2, 3, 4, 5, 6].map((n) => backoff.boundMs(n))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it("has a bound that grows, begins at firstMs and never exceeds maxMs, however often the job failed", () => {
    fc.assert(
      fc.property(ms, ms, failures, (firstMs, extraMs, n) => {
        const backoff = exponential({ firstMs, maxMs: firstMs + extraMs });
        grows(backoff, n);
        expect(backoff.boundMs(1)).toBe(firstMs);
        expect(backoff.boundMs(n)).toBeLessThanOrEqual(firstMs + extraMs);
      }),
    );
  });

  it("waits a random part of its bound, from nothing to all of it", () => {
    const backoff = exponential({ firstMs: 1_000, maxMs: 8_000 });
    expect([0, 0.25, 0.999_999].map((random) => backoff.delayMs(3, () => random))).toEqual([0, 1_000, 4_000]);
    fc.assert(
      fc.property(failures, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (n, random) => {
        const delayMs = backoff.delayMs(n, () => random);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(backoff.boundMs(n));
      }),
    );
  });
});

describe("fixed", () => {
  it("waits equally long after each failure", () => {
    fc.assert(
      fc.property(ms, failures, (delayMs, n) => {
        expect(fixed({ delayMs }).delayMs(n, half)).toBe(delayMs);
        grows(fixed({ delayMs }), n);
      }),
    );
  });
});

describe("custom", () => {
  it("waits as long as its function says, which counts failures from 1", () => {
    const backoff = custom((n) => n * n * 10);
    expect([1, 2, 3].map((n) => backoff.delayMs(n, half))).toEqual([10, 40, 90]);
    expect(backoff.boundMs(3)).toBe(90);
  });
});
