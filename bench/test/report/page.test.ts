import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type BarResult, toResult } from "../../src/bar.ts";
import { BEGIN, checkPage, END, PageUnfitError, type Seen, updatePage } from "../../src/report/page.ts";
import { atLeast, within } from "../../src/statistics.ts";

const EMPTY = ["# Page", "", BEGIN, END, "", "After.", ""].join("\n");
const MACHINE = "Seen on 2 cores.";
const PEERS = ["plainjob 0.0.14: as it comes", "SKIPPED BullMQ: no Redis"];

function result(id: BarResult["id"], ours: readonly number[]): BarResult {
  const runs = { raw: [100, 200], holdfast: ours, plainjob: [60, 60] };
  return toResult({ id, title: "drain", runs, parts: [atLeast("all", ours, "raw", runs.raw, 0.5)] });
}

const pickUp = toResult({
  id: "P7",
  title: "pick-up",
  runs: { holdfast: [0.5, 0.7], BullMQ: [0.4, 0.4], plainjob: [500, 900] },
  parts: [within("p50", 0.6, "ms", 1), within("p99", 6, "ms", 5)],
});

const seen = (changes: Partial<Seen> = {}): Seen => ({
  machine: MACHINE,
  on: "2026-01-31",
  results: [result("P3", [50, 100])],
  peers: PEERS,
  ...changes,
});

describe("the page of figures", () => {
  it("has the machine, each ratio with its range, everybody's figures and settings between its markers", () => {
    const page = updatePage(EMPTY, seen());
    expect(page.startsWith(`# Page\n\n${BEGIN}\n${MACHINE}\n\n`)).toBe(true);
    expect(page.endsWith(`${END}\n\nAfter.\n`)).toBe(true);
    const lines = page.split("\n");
    expect(lines).toContain(
      "| P3 | drain: all | 75.00 jobs/s | 0.50 × raw (0.50 – 0.50) | at least 0.5 × | reached | 2026-01-31 |",
    );
    expect(lines).toContain("| P3 | plainjob | 60.00 | 60.00 – 60.00 | 0.80 × | 2026-01-31 |");
    expect(lines).toContain("- SKIPPED BullMQ: no Redis");
  });

  it("calls a missed bar missed and prints in bold who was better, where less is better too", () => {
    const page = updatePage(EMPTY, seen({ results: [result("P3", [40, 40]), pickUp] }));
    expect(page).toContain("| **missed** |");
    expect(page).toMatch(/^\| P3 \| plainjob .* \*\*1.50 ×\*\* \|/m);
    expect(page).toMatch(/^\| P7 \| BullMQ .* \*\*0.67 ×\*\* \|/m);
    expect(page).toMatch(/^\| P7 \| plainjob .* \| 1166.67 × \|/m);
    expect(page).toContain("| P7 | pick-up: p99 | 6.00 ms |  | at most 5 ms | **missed** |");
  });

  it("keeps the rows of bars that were not measured and replaces those of the others, in the bars' order", () => {
    const first = updatePage(EMPTY, seen({ results: [result("P10", [50, 50]), result("P3", [50, 100])] }));
    const second = updatePage(
      first,
      seen({ results: [result("P3", [90, 90])], on: "2026-02-01", peers: null }),
    );
    const rows = second.split("\n").filter((line) => line.startsWith("| P"));
    expect(rows.map((row) => row.split(" | ").at(0))).toEqual([
      "| P3",
      "| P10",
      "| P3",
      "| P3",
      "| P3",
      "| P10",
      "| P10",
      "| P10",
    ]);
    expect(second.match(/\| P3 .* 2026-02-01 \|$/gm)).toHaveLength(4);
    expect(second.match(/\| P10 .* 2026-01-31 \|$/gm)).toHaveLength(4);
    expect(second).toContain("- plainjob 0.0.14: as it comes");
  });

  it("is the same when the same figures are written again", () => {
    const page = updatePage(EMPTY, seen());
    expect(updatePage(page, seen())).toBe(page);
  });

  it("takes no figures beside those from another machine, and says so before anything is measured", () => {
    const page = updatePage(EMPTY, seen({ results: [result("P3", [50]), result("P4", [50])] }));
    const elsewhere = "Seen on 64 cores.";
    expect(() => checkPage(page, elsewhere, ["P3"])).toThrow(PageUnfitError);
    expect(() => checkPage(page, elsewhere, ["P3", "P4"])).not.toThrow();
    expect(() => updatePage(page, seen({ machine: elsewhere }))).toThrow("from another machine");
  });

  it("without its markers is refused", () => {
    expect(() => checkPage("# Page", MACHINE, [])).toThrow(PageUnfitError);
  });

  it("has its place in the documents", () => {
    const page = readFileSync(new URL("../../../docs/performance.md", import.meta.url), "utf8");
    expect(() => updatePage(page.replace(/^Seen on .*$/m, MACHINE), seen())).not.toThrow();
  });
});
