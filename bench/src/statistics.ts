import type { Part } from "./bar.ts";

/** The middle of some figures; of an even number of them the mean of the middle two. */
export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5);
}

/** @param share from 0 to 1 */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new Error("There is no quantile of no figures");
  return below + (above - below) * (place - Math.floor(place));
}

/** A part that must reach at least `bar` times what it is measured against. */
export function atLeast(
  name: string,
  ours: readonly number[],
  against: string,
  theirs: readonly number[],
  bar: number,
): Part {
  const value = median(ours);
  const ratio = value / median(theirs);
  const ratios = ours.map((figure, round) => figure / (theirs[round] ?? median(theirs)));
  const range = [Math.min(...ratios), Math.max(...ratios)] as const;
  return { name, value, unit: "jobs/s", against, ratio, range, bar, atMost: false, ok: ratio >= bar };
}

/** A part whose value must not exceed `bar`. */
export function within(name: string, value: number, unit: string, bar: number): Part {
  const ratio = value / bar;
  return { name, value, unit, against: "limit", ratio, range: null, bar, atMost: true, ok: value <= bar };
}
