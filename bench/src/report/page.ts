// The figures in docs/performance.md: written between two markers, so that the rest of the page is anybody's to edit.
import type { BarResult } from "../bar.ts";
import { BAR_HEADINGS, barOf, barRows, type Row, RUN_HEADINGS, runRows } from "./rows.ts";

export const BEGIN = "<!-- figures: written by `pnpm bench --write` -->";
export const END = "<!-- end of figures -->";
const WHO = "### Who reached what";
const LEGEND = `Jobs per second, and more is better, unless the name says MB or bytes; P7 is in milliseconds, and
less is better. **Bold**: better than Holdfast.`;
const SETTINGS = "### How the others were set up";

/** What a run has to tell. */
export interface Seen {
  /** What it ran on, in one line. */
  readonly machine: string;
  /** Its day, and its size if that wasn't the full one. */
  readonly on: string;
  readonly results: readonly BarResult[];
  /** A line per other queue: its version and its settings, or why it was skipped; null if none was asked for. */
  readonly peers: readonly string[] | null;
}

/** The page can't take the figures. */
export class PageUnfitError extends Error {
  readonly code = "PAGE_UNFIT";
}

function split(text: string): [before: string, inside: string, after: string] {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new PageUnfitError(`There is no place for the figures between ${BEGIN} and ${END}`);
  }
  return [text.slice(0, begin + BEGIN.length), text.slice(begin + BEGIN.length, end), text.slice(end)];
}

interface Kept {
  readonly bars: readonly Row[];
  readonly runs: readonly Row[];
  readonly peers: string;
}

/** What stays: the rows of bars that are not measured now, and how the others were set up. */
function keptOf(text: string, measured: readonly string[]): Kept {
  const [, inside] = split(text);
  const [tables = "", peers = ""] = inside.split(SETTINGS);
  const [bars = "", runs = ""] = tables.split(WHO);
  const kept = (table: string): readonly Row[] =>
    table.split("\n").filter((line) => {
      const bar = barOf(line);
      return bar !== undefined && !measured.includes(bar);
    });
  return { bars: kept(bars), runs: kept(runs), peers: peers.trim() };
}

/**
 * Looks before anything is measured whether the figures may stand beside those that would stay.
 * @throws {PageUnfitError} if they are from another machine, or if there is no place for them
 */
export function checkPage(text: string, machine: string, measured: readonly string[]): void {
  const [, inside] = split(text);
  const old = inside.trim().split("\n")[0] ?? "";
  if (keptOf(text, measured).bars.length > 0 && old !== machine) {
    throw new PageUnfitError(
      `The other figures are from another machine, so all bars must be measured: ${old}`,
    );
  }
}

const inOrder = (rows: readonly Row[]): readonly Row[] =>
  rows.toSorted((a, b) => Number(barOf(a)?.slice(1)) - Number(barOf(b)?.slice(1)));

const table = (headings: readonly string[], rows: readonly Row[]): string =>
  [`| ${headings.join(" | ")} |`, `|${" --- |".repeat(headings.length)}`, ...inOrder(rows)].join("\n");

/**
 * Puts the figures of a run into the page; those of bars that it did not measure stay.
 * @throws {PageUnfitError}
 */
export function updatePage(text: string, { machine, on, results, peers }: Seen): string {
  const measured = results.map(({ id }) => id);
  checkPage(text, machine, measured);
  const kept = keptOf(text, measured);
  const bars = [...kept.bars, ...results.flatMap((result) => barRows(result, on))];
  const runs = [...kept.runs, ...results.flatMap((result) => runRows(result, on))];
  const [before, , after] = split(text);
  const parts = [
    machine,
    table(BAR_HEADINGS, bars),
    WHO,
    LEGEND,
    table(RUN_HEADINGS, runs),
    SETTINGS,
    peers?.map((line) => `- ${line}`).join("\n") ?? kept.peers,
  ];
  return `${before}\n${parts.join("\n\n")}\n${after}`;
}
