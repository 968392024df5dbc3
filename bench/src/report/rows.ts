import type { BarResult, Part, Runs } from "../bar.ts";
import { median } from "../statistics.ts";
import { figure } from "./figure.ts";

/** One line of a table of the page; a line belongs to the bar in its first cell. */
export type Row = string;

const toRow = (cells: readonly string[]): Row =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

export const BAR_HEADINGS = ["bar", "what", "seen", "ratio", "held to", "", "on"] as const;
export const RUN_HEADINGS = ["bar", "who", "median", "least – most", "against Holdfast", "on"] as const;

/** A row per ratio of a bar. */
export function barRows({ id, title, parts }: BarResult, on: string): readonly Row[] {
  return parts.map((part) => {
    const seen = `${figure(part.value)} ${part.unit}`;
    return toRow([id, `${title}: ${part.name}`, seen, ratioOf(part), heldTo(part), verdict(part), on]);
  });
}

function ratioOf({ atMost, ratio, range, against }: Part): string {
  if (atMost) return "";
  const spread = range ? ` (${range[0].toFixed(2)} – ${range[1].toFixed(2)})` : "";
  return `${ratio.toFixed(2)} × ${against}${spread}`;
}

const heldTo = ({ atMost, bar, unit }: Part): string =>
  atMost ? `at most ${bar} ${unit}` : `at least ${bar} ×`;

const verdict = ({ ok }: Part): string => (ok ? "reached" : "**missed**");

/** A row per contestant, ours first; bold is who was better than we were. */
export function runRows({ id, unit, runs }: BarResult, on: string): readonly Row[] {
  const isLowerBetter = unit === "ms";
  const { holdfast } = runs;
  return Object.entries(runs).map(([who, figures]) => {
    const middle = median(figures);
    const range = `${figure(Math.min(...figures))} – ${figure(Math.max(...figures))}`;
    return toRow([id, who, figure(middle), range, comparison(who, middle, holdfast, isLowerBetter), on]);
  });
}

function comparison(
  who: string,
  middle: number,
  ours: Runs[string] | undefined,
  isLowerBetter: boolean,
): string {
  if (ours === undefined || who === "holdfast") return "";
  const ratio = middle / median(ours);
  const isBetter = isLowerBetter ? ratio < 1 : ratio > 1;
  const text = `${ratio.toFixed(2)} ×`;
  return isBetter ? `**${text}**` : text;
}

/** The bar that a row is about. */
export function barOf(row: Row): string | undefined {
  return /^\| (P\d+) \|/.exec(row)?.[1];
}
