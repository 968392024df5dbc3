/** @import { HistoryJson, Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import { formatDuration, formatMoment, formatNumber } from "./format.js";
import { choice, nothing, section } from "./parts.js";
import { h } from "./preact.js";
import { refresh } from "./refresh.js";
import { update } from "./state.js";

/** @typedef {HistoryJson["points"][number]} Point */

const WIDTH = 600;
const HEIGHT = 120;

/** How far the charts look back, and how many minutes one bar stands for. */
const SPANS = /** @type {const} */ ([
  ["60", "last hour"],
  ["1440", "last day"],
]);

/**
 * What happened lately: how much, and how long it took.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function history({ historyMinutes }, { history: { points, total, stepMinutes } }) {
  const ended = total.completed + total.failed + total.timedOut;
  const span = choice("Show", historyMinutes, SPANS, (minutes) => {
    update({ historyMinutes: minutes });
    void refresh();
  });
  const isEmpty = ended === 0 && total.enqueued === 0 && total.waiting === null;
  return section(
    { id: "history", title: "History", count: `${formatNumber(ended)} runs`, tools: span },
    isEmpty
      ? nothing("Nothing was added and nothing ran in this time.")
      : h("div", { class: "charts" }, [
          throughputChart(points, stepMinutes),
          latencyChart(points),
          h("p", { class: "note" }, totalText(total)),
        ]),
  );
}

/**
 * @param {readonly Point[]} points
 * @param {number} stepMinutes
 */
function throughputChart(points, stepMinutes) {
  const runsOf = (/** @type {Point} */ point) => point.completed + point.failed + point.timedOut;
  const top = Math.max(1, ...points.map((point) => Math.max(runsOf(point), point.enqueued)));
  const width = WIDTH / points.length;
  const heightOf = (/** @type {number} */ count) => (count / top) * HEIGHT;
  const per = stepMinutes === 1 ? "per minute" : `per ${stepMinutes} minutes`;
  return chart(
    `Jobs ${per}, up to ${formatNumber(top)}`,
    points,
    [
      ["completed", "completed"],
      ["failed", "failed or timed out"],
      ["enqueued", "added"],
    ],
    [
      points.map((point, i) => {
        const good = heightOf(point.completed);
        const bad = heightOf(point.failed + point.timedOut);
        return h("g", { key: point.at }, [
          bar("completed", i * width, HEIGHT - good, width, good),
          bar("failed", i * width, HEIGHT - good - bad, width, bad),
          h("title", null, told(point)),
        ]);
      }),
      line(
        "enqueued",
        points.map((point, i) => [(i + 0.5) * width, HEIGHT - heightOf(point.enqueued)]),
      ),
    ],
  );
}

/** Durations differ by orders of magnitude, so the scale is logarithmic. @param {readonly Point[]} points */
function latencyChart(points) {
  const longest = Math.max(
    10,
    ...points.flatMap(({ waiting, running }) => [waiting?.p95Ms ?? 0, running?.p95Ms ?? 0]),
  );
  const width = WIDTH / points.length;
  const yOf = (/** @type {number} */ ms) => HEIGHT - (Math.log10(1 + ms) / Math.log10(1 + longest)) * HEIGHT;
  const dots = (/** @type {"waiting" | "running"} */ what) =>
    points.map((point, i) => {
      const took = point[what];
      const x = (i + 0.5) * width;
      return took === null
        ? null
        : h("g", { key: point.at, class: what }, [
            h("line", { x1: x, x2: x, y1: yOf(took.p50Ms), y2: yOf(took.p95Ms) }),
            h("title", null, told(point)),
          ]);
    });
  return chart(
    `p50 to p95 of waiting and running, up to ${formatDuration(longest)}, logarithmic`,
    points,
    [
      ["waiting", "waiting, from due to claimed"],
      ["running", "running"],
    ],
    [dots("waiting"), dots("running")],
  );
}

/**
 * @param {string} title
 * @param {readonly Point[]} points
 * @param {readonly (readonly [string, string])[]} legend classes and what they mean
 * @param {import("./preact.js").ComponentChildren} shapes
 */
function chart(title, points, legend, shapes) {
  return h("figure", { class: "chart", key: title }, [
    h("figcaption", null, [
      h("span", null, title),
      legend.map(([name, text]) => h("span", { class: `legend ${name}`, key: name }, text)),
    ]),
    h(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": title },
      shapes,
    ),
    h("p", { class: "axis" }, [h("span", null, formatMoment(points[0]?.at ?? "")), h("span", null, "now")]),
  ]);
}

/**
 * @param {string} name
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function bar(name, x, y, width, height) {
  return h("rect", { class: name, x, y, width: width * 0.8, height });
}

/**
 * @param {string} name
 * @param {readonly (readonly number[])[]} points
 */
function line(name, points) {
  return h("polyline", { class: name, points: points.map((point) => point.join(",")).join(" ") });
}

/** @param {Point} point */
function told({ at, enqueued, completed, failed, timedOut, waiting, running }) {
  const p95 = (/** @type {Point["waiting"]} */ took) => (took === null ? "–" : formatDuration(took.p95Ms));
  const jobs = `${enqueued} added, ${completed} completed, ${failed + timedOut} failed`;
  return `${formatMoment(at)}: ${jobs}; p95 waiting ${p95(waiting)}, running ${p95(running)}`;
}

/** @param {HistoryJson["total"]} total */
function totalText({ enqueued, completed, failed, timedOut, waiting, running }) {
  const of = (/** @type {Point["waiting"]} */ took) =>
    took === null ? "–" : `p50 ${formatDuration(took.p50Ms)}, p95 ${formatDuration(took.p95Ms)}`;
  const bad = formatNumber(failed + timedOut);
  return [
    `In all: ${formatNumber(enqueued)} added, ${formatNumber(completed)} completed, ${bad} failed or timed out.`,
    `Within a factor of two, waiting: ${of(waiting)}; running: ${of(running)}.`,
  ].join(" ");
}
