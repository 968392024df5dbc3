import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  BEGIN,
  END,
  type FigureRow,
  rowsOf,
  type TestReport,
  updateTable,
} from "../../scripts/fault-report.ts";
import type { FaultFigures } from "../fault-figures.ts";

const DAY = "2026-01-31";
const MACHINE = "Seen on 2 cores.";

function report(name: string, figures: readonly FaultFigures[]): TestReport {
  const assertionResults = [{ duration: 61_400, meta: figures.length > 0 ? { figures } : {} }];
  return { success: true, testResults: [{ name: `/workspace/${name}`, assertionResults }] };
}

function rows(test: string, fault: string): FigureRow[] {
  return rowsOf(
    report(test, [{ fault, size: "3 | 4", seed: 7, saw: { lost: 0, "run twice": "1 %" } }]),
    "/workspace",
    DAY,
  );
}

const storm = rows("test/kill/storm.test.ts", "kill");
const disk = rows("test/faults/disk.test.ts", "full disk");
const document = (...lines: string[]): string =>
  ["# Page", "", BEGIN, ...lines, END, "", "After."].join("\n");
const all = (): boolean => true;
const only = (test: string) => (other: string) => other === test;

describe("a row of the table of faults", () => {
  it("has what the test reported, how long it took, the day and a link to the test", () => {
    expect(storm).toEqual([
      {
        test: "test/kill/storm.test.ts",
        line: `| kill | 3 \\| 4 | lost: 0; run twice: 1 % | 7 | 61 s | ${DAY} | [storm](../test/kill/storm.test.ts) |`,
      },
    ]);
  });

  it("is missing for a test that reports no figures", () => {
    expect(rowsOf(report("test/kill/storm.test.ts", []), "/workspace", DAY)).toEqual([]);
  });
});

describe("the table of faults", () => {
  it("stands between its markers with the machine, ordered by test, and nothing else of the page changes", () => {
    const lines = updateTable(document(), MACHINE, [...storm, ...disk], all).split("\n");
    expect(lines.slice(0, 5)).toEqual(["# Page", "", BEGIN, MACHINE, ""]);
    expect(lines.slice(7)).toEqual([disk[0]?.line, storm[0]?.line, END, "", "After."]);
  });

  it("loses its old rows when all tests have run", () => {
    const first = updateTable(document(), MACHINE, storm, all);
    expect(updateTable(first, "Seen elsewhere.", disk, all)).not.toContain("storm");
  });

  it("keeps the rows of the tests that have not run", () => {
    const first = updateTable(document(), MACHINE, [...storm, ...disk], all);
    const again = rows("test/kill/storm.test.ts", "kill again");
    const second = updateTable(first, MACHINE, again, only("test/kill/storm.test.ts"));
    expect(second).toBe(updateTable(document(), MACHINE, [...disk, ...again], all));
  });

  it("takes no rows beside those from another machine", () => {
    const first = updateTable(document(), MACHINE, [...storm, ...disk], all);
    expect(() => updateTable(first, "Seen elsewhere.", storm, only("test/kill/storm.test.ts"))).toThrow(
      "from another machine",
    );
  });

  it("has its place in the page", () => {
    expect(updateTable(readFileSync("docs/reliability.md", "utf8"), MACHINE, storm, all)).toContain(
      storm[0]?.line,
    );
  });
});

describe("the two copies of the fault tests' report", () => {
  it("are equal", () => {
    const [ours, theirs] = ["test", "packages/queue-core/test"].map((folder) =>
      readFileSync(`${folder}/fault-figures.ts`, "utf8"),
    );
    expect(ours).toBe(theirs);
  });
});
