/** @import { FailureItem, Snapshot } from "./json.js" */
import { firstLine, formatDuration } from "./format.js";
import { showJob } from "./jobs.js";
import { badge, button, heads, moment, nothing, section, verbatim } from "./parts.js";
import { h } from "./preact.js";

/**
 * The runs that failed last, whether or not their jobs will be tried again; those of one type with one error stand
 * together, as one fault tends to fail many.
 * @param {Snapshot} snapshot
 */
export function failures({ failures: list, atMs }) {
  return section({ id: "failures", title: "Recent failures" }, [
    list.items.length === 0 ? nothing("No run has failed.") : null,
    h(
      "div",
      { class: "items" },
      grouped(list.items).map(([key, runs]) => group(key, runs, atMs)),
    ),
  ]);
}

/**
 * @param {readonly FailureItem[]} runs newest first
 * @returns {readonly (readonly [string, readonly [FailureItem, ...FailureItem[]]])[]} groups by the newest of each
 */
function grouped(runs) {
  /** @type {Map<string, [FailureItem, ...FailureItem[]]>} */
  const groups = new Map();
  for (const run of runs) {
    const key = `${run.type}: ${firstLine(run.error)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [run]);
    else group.push(run);
  }
  return [...groups];
}

/**
 * @param {string} key
 * @param {readonly [FailureItem, ...FailureItem[]]} runs
 * @param {number} nowMs
 */
function group(key, runs, nowMs) {
  const [newest] = runs;
  return h("details", { class: "item", key }, [
    h("summary", null, [
      h("span", { class: "what" }, [
        h("strong", null, newest.type),
        runs.length === 1 ? null : h("span", { class: "group-count" }, `× ${runs.length}`),
        runs.some(({ outcome }) => outcome === "timed_out") ? badge("timed out", "warn") : null,
        h("span", { class: "error" }, firstLine(newest.error)),
      ]),
      h("span", { class: "when" }, moment(newest.finishedAt, nowMs)),
    ]),
    h("div", { class: "body" }, [
      verbatim("Error", newest.error ?? "none recorded", "error"),
      h("div", { class: "scroll" }, [
        h("table", null, [
          h(
            "thead",
            null,
            h("tr", null, heads(["Job", "Run", "Took", "When", "Worker", ""], ["Run", "Took"])),
          ),
          h(
            "tbody",
            null,
            runs.map((run) => row(run, nowMs)),
          ),
        ]),
      ]),
    ]),
  ]);
}

/**
 * @param {FailureItem} run
 * @param {number} nowMs
 */
function row(run, nowMs) {
  const { jobId, attempt, startedAt, finishedAt, workerId } = run;
  return h("tr", { key: `${jobId} ${attempt} ${startedAt}` }, [
    h("th", { scope: "row", class: "mono" }, jobId),
    h("td", { class: "number" }, String(attempt)),
    h("td", { class: "number" }, formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))),
    h("td", null, moment(finishedAt, nowMs)),
    h("td", { class: "mono" }, workerId ?? "–"),
    h(
      "td",
      null,
      button("Show", () => void showJob(jobId), { label: `Show job ${jobId}` }),
    ),
  ]);
}
