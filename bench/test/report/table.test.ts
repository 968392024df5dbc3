import { expect, it } from "vitest";
import { toResult } from "../../src/bar.ts";
import { describeResult } from "../../src/report/table.ts";
import { atLeast, within } from "../../src/statistics.ts";

it("shows each ratio with its bar, who reached what with median, least and most, and the notes", () => {
  const runs = { holdfast: [40_000, 50_000, 60_000], raw: [80_000, 100_000] };
  const parts = [atLeast("drain", runs.holdfast, "raw", runs.raw, 0.6), within("worker", 90, "MB", 100)];
  const text = describeResult(toResult({ id: "P3", title: "drain", runs, parts, notes: ["SKIPPED x: y"] }));
  expect(text.split("\n").map((line) => line.replace(/ +/g, " ").trim())).toEqual([
    "P3 drain: MISSED",
    "✗ missed drain: 50,000 jobs/s (0.56 × raw, bar 0.6 ×)",
    "✓ worker: 90.00 MB (at most 100 MB)",
    "holdfast 50,000 40,000 – 60,000",
    "raw 90,000 80,000 – 100,000",
    "note: SKIPPED x: y",
  ]);
});
