/** @import { State } from "./state.js" */
/** @import { Snapshot } from "./json.js" */
import { formatNumber, formatShare, formatSpan } from "./format.js";
import { h } from "./preact.js";

/**
 * The queue in numbers.
 * @param {Snapshot} snapshot
 * @param {State["trend"]} trend
 */
export function numbers({ stats, atMs }, trend) {
  const { queue, deadLetterQueue } = stats;
  const since = queue.oldestPending;
  return h("section", { class: "numbers", "aria-label": "The queue in numbers" }, [
    figure("Pending", formatNumber(queue.pending), {
      note: since === null ? "nothing waits" : `oldest: ${formatSpan(atMs - Date.parse(since))}`,
      line: sparkline(trend.map(({ pending }) => pending)),
    }),
    figure("Processing", formatNumber(queue.processing), { note: "under a lease now" }),
    figure("Throughput", `${formatNumber(queue.processingRatePerMinute)}/min`, {
      note: "runs ended, last 5 min",
      line: sparkline(trend.map(({ ratePerMinute }) => ratePerMinute)),
    }),
    figure("Failure rate", formatShare(queue.failureRate), {
      note: queue.failureRate === null ? "no runs in the last hour" : "of the last hour's runs",
      tone: toneOfRate(queue.failureRate),
    }),
    figure("Dead letters", formatNumber(queue.failed), {
      note: `${formatNumber(deadLetterQueue.unreviewed)} unreviewed`,
      tone: deadLetterQueue.unreviewed > 0 ? "bad" : "",
    }),
    figure("Completed", formatNumber(queue.completedLastHour), { note: "in the last hour" }),
    figure("Scheduled", formatNumber(queue.scheduled), { note: "delayed or retrying" }),
    figure("Waiting", formatNumber(queue.waiting), { note: "for other jobs" }),
  ]);
}

/**
 * @param {string} name
 * @param {string} value
 * @param {{ note: string, tone?: string, line?: ReturnType<typeof sparkline> | null }} rest
 */
function figure(name, value, { note, tone = "", line = null }) {
  return h("div", { class: `figure ${tone}`, key: name }, [
    h("span", { class: "name" }, name),
    h("span", { class: "value" }, value),
    h("span", { class: "note" }, note),
    line,
  ]);
}

/** One run in twenty is worth a look, one in five is trouble. @param {number | null} rate */
function toneOfRate(rate) {
  if (rate === null || rate < 0.05) return "";
  return rate < 0.2 ? "warn" : "bad";
}

const WIDTH = 120;
const HEIGHT = 24;

/**
 * The course of a number since the page was opened; drawn from zero, so that a small wobble looks small. It takes its
 * room before there are two values to draw a line between, so that nothing below moves when there are.
 * @param {readonly number[]} values oldest first
 */
function sparkline(values) {
  // A quarter of room above the highest, so that a steady line is not taken for a border.
  const top = Math.max(...values, 1) * 1.25;
  const points = values.map((value, index) => {
    const x = (index / Math.max(values.length - 1, 1)) * WIDTH;
    const y = HEIGHT - (value / top) * HEIGHT;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const outline = [`0,${HEIGHT}`, ...points, `${WIDTH},${HEIGHT}`].join(" ");
  return h(
    "svg",
    {
      class: "sparkline",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    values.length < 2
      ? null
      : [h("polygon", { points: outline }), h("polyline", { points: points.join(" ") })],
  );
}
