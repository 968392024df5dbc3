import { describe, expect, it } from "vitest";
import { addDurations, addHistogram, countOf, entryOf, quantile } from "../src/latency-histogram.ts";

function histogramOf(...durationsMs: readonly number[]): number[] {
  const histogram: number[] = [];
  for (const durationMs of durationsMs) addDurations(histogram, durationMs, 1);
  return histogram;
}

describe("R18: a histogram of durations", () => {
  it.each([
    [-5, 0],
    [0, 0],
    [0.9, 0],
    [1, 1],
    [1.9, 1],
    [2, 2],
    [3, 2],
    [1_023, 10],
    [1_024, 11],
    [2 ** 30, 31],
    [2 ** 40, 31],
  ])("counts %d ms in entry %d", (durationMs, entry) => {
    expect(entryOf(durationMs)).toBe(entry);
  });

  it("is as long as it needs to be", () => {
    expect(histogramOf(5, 0, 6)).toEqual([1, 0, 0, 2]);
    expect(countOf(histogramOf(5, 0, 6))).toBe(3);
  });

  it("adds up with others, longer or shorter", () => {
    const sum = histogramOf(1);
    addHistogram(sum, histogramOf(0, 5));
    addHistogram(sum, histogramOf(1));
    expect(sum).toEqual([1, 2, 0, 1]);
  });

  it("knows its quantiles within a power of two", () => {
    const durations = Array.from({ length: 1_000 }, (_, n) => n + 1);
    const histogram = histogramOf(...durations);
    for (const share of [0.01, 0.5, 0.95, 1]) {
      const truth = share * 1_000;
      const guess = quantile(histogram, share) ?? 0;
      expect([guess >= truth / 2, guess <= truth * 2]).toEqual([true, true]);
    }
    expect(quantile(histogramOf(700, 700, 700), 0.5)).toBeCloseTo(768);
  });

  it("has none when nothing is counted", () => {
    expect(quantile([], 0.5)).toBeNull();
    expect(quantile([0, 0], 0.5)).toBeNull();
  });
});
