/**
 * Counts durations by their order of magnitude: entry 0 is what took less than a millisecond, entry n what took from
 * 2^(n-1) ms up to 2^n ms. A fixed scale, so that histograms of several minutes, types and processes add up.
 */
export type Histogram = readonly number[];

/** The last entry takes all that is longer than 2^30 ms, 12 days. */
const LAST_ENTRY = 31;

/** The entry of a histogram that a duration falls into; a clock that was set back makes durations negative. */
export function entryOf(durationMs: number): number {
  if (durationMs < 1) return 0;
  return durationMs >= 2 ** (LAST_ENTRY - 1) ? LAST_ENTRY : 32 - Math.clz32(durationMs);
}

/** Adds a number of equal durations. */
export function addDurations(histogram: number[], durationMs: number, count: number): void {
  const entry = entryOf(durationMs);
  while (histogram.length <= entry) histogram.push(0);
  histogram[entry] = (histogram[entry] ?? 0) + count;
}

/** Adds a histogram to another. */
export function addHistogram(to: number[], from: Histogram): void {
  from.forEach((count, entry) => {
    to[entry] = (to[entry] ?? 0) + count;
  });
}

export function countOf(histogram: Histogram): number {
  return histogram.reduce((sum, count) => sum + count, 0);
}

/**
 * The duration that a share of all stays below, in milliseconds: the truth lies within the same power of two. Within an
 * entry durations are taken to be spread evenly.
 * @param share 0 to 1
 * @returns null for an empty histogram
 */
export function quantile(histogram: Histogram, share: number): number | null {
  const total = countOf(histogram);
  if (total === 0) return null;
  let left = share * total;
  for (const [entry, count] of histogram.entries()) {
    if (count > 0 && left <= count) {
      const [from, to] = entry === 0 ? [0, 1] : [2 ** (entry - 1), 2 ** entry];
      return from + (to - from) * (left / count);
    }
    left -= count;
  }
  return 2 ** (histogram.length - 1);
}
