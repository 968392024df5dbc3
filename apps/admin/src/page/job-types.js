/** @import { Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import { turn } from "./actions.js";
import { formatNumber } from "./format.js";
import { showJobs } from "./jobs.js";
import { badge, button, heads, nothing, noticeLine, section } from "./parts.js";
import { h } from "./preact.js";

/** What asks for somebody comes first: a table of many columns is scrolled, and its last ones are out of sight. */
const COLUMNS = /** @type {const} */ ([
  "failed",
  "pending",
  "processing",
  "scheduled",
  "waiting",
  "completed",
  "cancelled",
]);

/**
 * How many jobs of each type are in each state; a number leads to those jobs. A type can be paused here, and the queue.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function jobTypes(state, { stats: { byType, paused, unread } }) {
  const stopped = new Set(paused.types.map(({ type }) => type));
  const types = [...new Set([...byType.map(({ type }) => type), ...stopped])].sort();
  const columns = COLUMNS.filter((status) => byType.some((row) => row.status === status));
  return section(
    { id: "types", title: "By type", tools: pauseTool(state, null, paused.queueSince !== null) },
    types.length === 0
      ? nothing("No job has been enqueued yet.")
      : h("div", { class: "scroll" }, [
          h("table", null, [
            h("thead", null, h("tr", null, heads(["type", ...columns, ""], columns))),
            h(
              "tbody",
              null,
              types.map((type) =>
                h("tr", { key: type }, [
                  h("th", { scope: "row" }, [
                    type,
                    stopped.has(type) ? badge("paused", "warn") : null,
                    ...unread.filter((jobs) => jobs.type === type).map(unreadBadge),
                  ]),
                  ...columns.map((status) =>
                    countCell(
                      type,
                      status,
                      byType.find((row) => row.type === type && row.status === status)?.count ?? 0,
                    ),
                  ),
                  h("td", { class: "number", key: "pause" }, pauseTool(state, type, stopped.has(type))),
                ]),
              ),
            ),
          ]),
        ]),
  );
}

/** Jobs of a newer deploy. @param {Snapshot["stats"]["unread"][number]} jobs */
function unreadBadge({ payloadVersion, keyId, count }) {
  const whom = keyId === null ? "a newer worker" : `a worker with key ${keyId}`;
  const what = `${formatNumber(count)} of version ${payloadVersion} wait for ${whom}`;
  return badge(what, "warn");
}

/**
 * @param {string} type
 * @param {typeof COLUMNS[number]} status
 * @param {number} count
 */
function countCell(type, status, count) {
  if (count === 0) return h("td", { class: "number none", key: status }, "·");
  const label = `Show the ${status} jobs of type ${type}`;
  return h(
    "td",
    { class: `number ${status}`, key: status },
    h(
      "button",
      {
        type: "button",
        class: "inline",
        "aria-label": `${count}: ${label}`,
        title: label,
        onClick: () => showJobs({ type, status }),
      },
      formatNumber(count),
    ),
  );
}

/**
 * @param {State} state
 * @param {string | null} type null for the whole queue
 * @param {boolean} isPaused
 */
function pauseTool({ busy, notices }, type, isPaused) {
  const id = `pause ${type ?? ""}`;
  const verb = isPaused ? "Resume" : "Pause";
  return [
    button(type === null ? `${verb} the queue` : verb, () => void turn(isPaused ? "resume" : "pause", type), {
      label: `${verb} ${type ?? "the queue"}`,
      disabled: busy.has(id),
    }),
    noticeLine(notices.get(id)),
  ];
}
