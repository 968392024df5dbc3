import { describe, expect, it } from "vitest";
import { drawChart, seriesOf } from "../../src/report/chart.ts";

const runs = {
  "1,000,000 pending": [20_000, 10_000, 30_000],
  "10,000 pending": [40_000],
  "10,000 waiting": [35_000],
  "1,000,000 waiting": [36_000],
  holdfast: [1],
};

describe("the chart of throughput against backlog", () => {
  it("has a series per kind of row, with medians, ordered by how many rows there are", () => {
    expect(seriesOf(runs)).toEqual([
      {
        name: "pending",
        points: [
          { rows: 10_000, perSecond: 40_000 },
          { rows: 1_000_000, perSecond: 20_000 },
        ],
      },
      {
        name: "waiting",
        points: [
          { rows: 10_000, perSecond: 35_000 },
          { rows: 1_000_000, perSecond: 36_000 },
        ],
      },
    ]);
  });

  it("draws more jobs higher and more rows further right, and every point within the picture", () => {
    const svg = drawChart(seriesOf(runs), "medians");
    const [line = ""] = /(?<=points=")[^"]+/.exec(svg) ?? [];
    const [first, last] = line.split(" ").map((point) => point.split(",").map(Number));
    expect(last?.[0]).toBeGreaterThan(first?.[0] ?? Number.NaN);
    expect(last?.[1]).toBeGreaterThan(first?.[1] ?? Number.NaN);
    for (const [, cx, cy] of svg.matchAll(/<circle cx="(\d+)" cy="(\d+)" r="4"/g)) {
      expect(Number(cx)).toBeLessThanOrEqual(760);
      expect(Number(cy)).toBeLessThanOrEqual(420);
    }
    expect(svg).toContain(">pending</text>");
    expect(svg).toContain(">1,000,000</text>");
  });

  it("is refused where there is nothing to draw", () => {
    expect(() => drawChart(seriesOf({ holdfast: [1] }), "")).toThrow(RangeError);
  });
});
