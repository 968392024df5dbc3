import type { BarResult, Part } from "../bar.ts";
import { median } from "../statistics.ts";
import { figure } from "./figure.ts";

function partLine({ name, value, unit, against, ratio, bar, atMost, ok }: Part): string {
  const held = atMost ? `at most ${figure(bar)} ${unit}` : `${ratio.toFixed(2)} × ${against}, bar ${bar} ×`;
  return `   ${ok ? "✓" : "✗ missed"}  ${name}: ${figure(value)} ${unit}  (${held})`;
}

function runLine([name, runs]: readonly [string, readonly number[]]): string {
  const range = `${figure(Math.min(...runs))} – ${figure(Math.max(...runs))}`;
  return `      ${name.padEnd(24)} ${figure(median(runs)).padStart(10)}   ${range}`;
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
