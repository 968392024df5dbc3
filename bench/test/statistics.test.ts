import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toResult } from "../src/bar.ts";
import { atLeast, median, quantile, within } from "../src/statistics.ts";

const figures = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 });

describe("a median", () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d", (of, middle) => {
    expect(median(of)).toBe(middle);
  });

  it("lies between least and most, whatever the order, and leaves the figures as they were", () => {
    fc.assert(
      fc.property(figures, (of) => {
        const before = [...of];
        const middle = median(of);
        expect(of).toEqual(before);
        expect(middle).toBe(median(of.toReversed()));
        expect(middle).toBeGreaterThanOrEqual(Math.min(...of));
        expect(middle).toBeLessThanOrEqual(Math.max(...of));
      }),
    );
  });

  it("of no figures is refused", () => {
    expect(() => median([])).toThrow("no figures");
  });
});

describe("a quantile", () => {
  it("is interpolated between the two figures beside it", () => {
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
    expect(quantile([5, 1, 3], 0)).toBe(1);
    expect(quantile([5, 1, 3], 1)).toBe(5);
  });
});

describe("a part of a bar", () => {
  it("compares the medians of who was measured in the same rounds", () => {
    const part = atLeast("drain", [40, 100, 50], "raw", [90, 100, 500], 0.5);
    expect(part).toMatchObject({ value: 50, ratio: 0.5, bar: 0.5, atMost: false, ok: true });
  });

  it.each([
    [49, false],
    [50, true],
    [51, true],
  ])("that must be at least half of 100 holds for %d: %s", (ours, ok) => {
    expect(atLeast("drain", [ours], "raw", [100], 0.5).ok).toBe(ok);
  });

  it.each([
    [99, true],
    [100, true],
    [101, false],
  ])("that may be 100 at most holds for %d: %s", (value, ok) => {
    expect(within("memory", value, "MB", 100).ok).toBe(ok);
  });
});

describe("a bar", () => {
  const [good, bad] = [within("a", 1, "MB", 2), within("b", 3, "MB", 2)];

  it("is reached only if all its parts are, and has the figure of the first", () => {
    const result = (parts: (typeof good)[]) => toResult({ id: "P9", title: "memory", runs: {}, parts });
    expect(result([good]).ok).toBe(true);
    expect(result([good, bad])).toMatchObject({ ok: false, value: 1, unit: "MB", ratio: 0.5, bar: 2 });
  });

  it("without parts is refused", () => {
    expect(() => toResult({ id: "P9", title: "memory", runs: {}, parts: [] })).toThrow("P9");
  });
});
