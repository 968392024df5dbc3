import type { BarResult, Part } from "../bar.ts";

/** A figure with as many digits as mean something. */
function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(2);
}

function partLine({ name, value, unit, against, ratio, bar, atMost, ok }: Part): string {
  const held = atMost ? `at most ${figure(bar)} ${unit}` : `${ratio.toFixed(2)} × ${against}, bar ${bar} ×`;
  return `   ${ok ? "✓" : "✗ missed"}  ${name}: ${figure(value)} ${unit}  (${held})`;
}

function runLine([name, runs]: readonly [string, readonly number[]]): string {
  const sorted = runs.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const range = `${figure(sorted[0] ?? Number.NaN)} – ${figure(sorted.at(-1) ?? Number.NaN)}`;
  return `      ${name.padEnd(24)} ${figure(middle).padStart(10)}   ${range}`;
}

/** A bar as it is shown on a terminal: its ratios, then who reached what (median, least – most), then its notes. */
export function describeResult({ id, title, ok, parts, runs, notes }: BarResult): string {
  return [
    `${id}  ${title}: ${ok ? "reached" : "MISSED"}`,
    ...parts.map(partLine),
    ...Object.entries(runs).map(runLine),
    ...notes.map((note) => `   note: ${note}`),
  ].join("\n");
}
