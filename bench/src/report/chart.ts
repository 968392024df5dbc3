// Throughput against what lies beside the drained jobs, as an SVG that a browser shows without help.
import type { Runs } from "../bar.ts";
import { median } from "../statistics.ts";

export interface Series {
  readonly name: string;
  /** Rows beside the jobs, and jobs per second. */
  readonly points: readonly { readonly rows: number; readonly perSecond: number }[];
}

const [WIDTH, HEIGHT] = [760, 420];
const STYLE = 'font-family="system-ui, sans-serif" font-size="13" fill="#333"';
const PLOT = { left: 76, right: 610, top: 52, bottom: 352 };
/** Told apart by lightness too, for those who see no difference in hue. */
const COLOURS = ["#0b4f8a", "#d1610a", "#3b9c58", "#a23b8f", "#6b6b6b"];

/** The medians of P5, whose runs are named like `10,000 pending`. */
export function seriesOf(runs: Runs): readonly Series[] {
  const series = new Map<string, { rows: number; perSecond: number }[]>();
  for (const [name, figures] of Object.entries(runs)) {
    const [, rows, kind] = /^([\d,]+) (\w+)$/.exec(name) ?? [];
    if (rows === undefined || kind === undefined) continue;
    const points = series.get(kind) ?? [];
    series.set(kind, [...points, { rows: Number(rows.replaceAll(",", "")), perSecond: median(figures) }]);
  }
  return [...series].map(([name, points]) => ({ name, points: points.toSorted((a, b) => a.rows - b.rows) }));
}

/** The next of 1, 2, 5, 10, 20 … that is at least `value`. */
function roundUp(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * magnitude >= value) ?? 10) * magnitude;
}

/** @throws {RangeError} if there is no point to draw */
export function drawChart(series: readonly Series[], caption: string): string {
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) throw new RangeError("There is nothing to draw");
  const sizes = [...new Set(points.map(({ rows }) => rows))].toSorted((a, b) => a - b);
  const [from, to] = [Math.log10(sizes[0] ?? 1), Math.log10(sizes.at(-1) ?? 1)];
  const most = roundUp(Math.max(...points.map(({ perSecond }) => perSecond)));
  const x = (rows: number): number =>
    Math.round(PLOT.left + ((PLOT.right - PLOT.left) * (Math.log10(rows) - from)) / (to - from || 1));
  const y = (perSecond: number): number =>
    Math.round(PLOT.bottom - ((PLOT.bottom - PLOT.top) * perSecond) / most);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const [label, height] = [(most * share).toLocaleString("en"), y(most * share)];
    const line = `<path d="M${PLOT.left} ${height}H${PLOT.right}" stroke="#ddd"/>`;
    return `${line}<text x="${PLOT.left - 8}" y="${height + 4}" text-anchor="end">${label}</text>`;
  });
  const ticks = sizes.map(
    (rows) =>
      `<text x="${x(rows)}" y="${PLOT.bottom + 20}" text-anchor="middle">${rows.toLocaleString("en")}</text>`,
  );
  const lines = series.map(({ name, points: of }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = of.map(({ rows, perSecond }) => `${x(rows)},${y(perSecond)}`).join(" ");
    const dots = of.map(({ rows, perSecond }) => `<circle cx="${x(rows)}" cy="${y(perSecond)}" r="4"/>`);
    const legend = PLOT.top + 14 + index * 24;
    const key = `<circle cx="${PLOT.right + 24}" cy="${legend - 4}" r="5"/>`;
    return `<g fill="${colour}">
<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>${dots.join("")}
${key}<text x="${PLOT.right + 36}" y="${legend}">${name}</text>
</g>`;
  });
  const size = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`;
  const axis = `x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 42}" text-anchor="middle"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${STYLE}>
<title>Jobs drained per second, by how many other rows lie beside them</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${PLOT.left}" y="28" font-size="16" font-weight="600">Jobs drained per second beside other rows</text>
${[...grid, ...ticks].join("\n")}
<text ${axis}>rows beside the drained jobs</text>
<text x="${PLOT.left}" y="${HEIGHT - 8}" font-size="11" fill="#666">${caption}</text>
${lines.join("\n")}
</svg>
`;
}
