/** @import { ReportJson } from "./json.js" */
import { formatJson, formatNumber } from "./format.js";
import { moment, verbatim } from "./parts.js";
import { h } from "./preact.js";

/**
 * How far the last run of a job has come, and what each of its runs logged.
 * @param {readonly ReportJson[]} reports oldest first
 * @param {number} nowMs
 */
export function runReports(reports, nowMs) {
  const last = reports.at(-1);
  return [
    last === undefined || last.progress === null ? null : progressOf(last, nowMs),
    ...reports.flatMap((report) => (report.log === null ? [] : [logOf(report)])),
  ];
}

/**
 * @param {ReportJson} report
 * @param {number} nowMs
 */
function progressOf({ attempt, progress, toldAt }, nowMs) {
  return h("div", { class: "verbatim run-progress", key: "progress" }, [
    h("h3", null, "Progress"),
    h("p", null, [
      ...(typeof progress === "number"
        ? [
            h("progress", { value: progress, max: 100, "aria-label": "Progress" }),
            h("span", null, `${Math.round(progress)}%`),
          ]
        : [h("code", null, formatJson(progress) ?? "")]),
      h("span", null, `in run ${attempt}`),
      moment(toldAt, nowMs),
    ]),
  ]);
}

/** @param {ReportJson} report */
function logOf({ attempt, startedAt, log, logBytesCut }) {
  const cut = logBytesCut === 0 ? "" : `… ${formatNumber(logBytesCut)} bytes before this were cut …\n`;
  const text = typeof log === "string" ? log : (formatJson(log) ?? "");
  return h("div", { key: `log ${attempt} ${startedAt}` }, verbatim(`Log of run ${attempt}`, cut + text));
}
