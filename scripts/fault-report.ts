// The table of what the fault tests saw, in docs/reliability.md: read from vitest's JSON reports, written between two
// markers. Which tests those are and how one hands in its figures: scripts/test-faults.ts, test/fault-figures.ts.
import { posix, relative } from "node:path";
import type { FaultFigures } from "../test/fault-figures.ts";

export const BEGIN = "<!-- fault figures: written by `pnpm test:faults` -->";
export const END = "<!-- end of fault figures -->";

const HEADINGS = ["fault", "size", "seen", "seed", "took", "on", "test"] as const;

/** The part of vitest's JSON report that is read here. */
export interface TestReport {
  readonly success: boolean;
  readonly testResults: readonly {
    /** Path of the test file. */
    readonly name: string;
    readonly assertionResults: readonly {
      readonly duration?: number | null;
      readonly meta: { readonly figures?: readonly FaultFigures[] };
    }[];
  }[];
}

/** One line of the table, and the test file it came from, as a path from the repository's root. */
export interface FigureRow {
  readonly test: string;
  readonly line: string;
}

/** The rows that a run of the tests brings. */
export function rowsOf(report: TestReport, root: string, day: string): FigureRow[] {
  return report.testResults.flatMap(({ name, assertionResults }) => {
    const test = relative(root, name);
    return assertionResults.flatMap(({ duration, meta }) =>
      (meta.figures ?? []).map((figures) => ({ test, line: lineOf(figures, duration ?? 0, day, test) })),
    );
  });
}

function lineOf({ fault, size, seed, saw }: FaultFigures, ms: number, day: string, test: string): string {
  const seen = Object.entries(saw).map(([what, value]) => `${what}: ${value}`);
  const link = `[${posix.basename(test, ".test.ts")}](../${test})`;
  const cells = [fault, size, seen.join("; "), seed ?? "", `${Math.round(ms / 1_000)} s`, day, link];
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

/** A table as it stands in the document: where its figures are from, and its rows. */
interface FigureTable {
  readonly machine: string;
  readonly rows: readonly FigureRow[];
}

function readTable(text: string): FigureTable {
  const [, inside] = split(text);
  const lines = inside.trim().split("\n");
  const rows = lines.flatMap((line) => {
    const test = /\]\(\.\.\/(\S+)\) \|$/.exec(line)?.[1];
    return test === undefined ? [] : [{ test, line }];
  });
  return { machine: lines[0] ?? "", rows };
}

/** @throws {Error} if the document has no place for the table */
function split(text: string): [before: string, inside: string, after: string] {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin)
    throw new Error(`There is no place for the table between ${BEGIN} and ${END}`);
  return [text.slice(0, begin + BEGIN.length), text.slice(begin + BEGIN.length, end), text.slice(end)];
}

/**
 * Puts the figures of a run into the document.
 * @param machine what they were seen on, in one line
 * @param replaced whose old rows go; those of other tests stay, so that the tests may be run one by one
 * @throws {Error} if rows that would stay are from another machine: one table, one machine
 */
export function updateTable(
  text: string,
  machine: string,
  rows: readonly FigureRow[],
  replaced: (test: string) => boolean,
): string {
  const old = readTable(text);
  const kept = old.rows.filter((row) => !replaced(row.test));
  if (kept.length > 0 && old.machine !== machine) {
    throw new Error(`The other figures are from another machine, so all tests must run here: ${old.machine}`);
  }
  const [before, , after] = split(text);
  const all = [...kept, ...rows].toSorted((a, b) => (a.test < b.test ? -1 : Number(a.test > b.test)));
  const table = [
    `| ${HEADINGS.join(" | ")} |`,
    `|${" --- |".repeat(HEADINGS.length)}`,
    ...all.map(({ line }) => line),
  ];
  return `${before}\n${machine}\n\n${table.join("\n")}\n${after}`;
}
