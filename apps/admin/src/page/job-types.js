/** @import { StatsJson } from "./json.js" */
import { formatNumber } from "./format.js";
import { showJobs } from "./jobs.js";
import { heads, nothing, section } from "./parts.js";
import { h } from "./preact.js";

const COLUMNS = /** @type {const} */ ([
  "pending",
  "processing",
  "scheduled",
  "waiting",
  "completed",
  "cancelled",
  "failed",
]);

/**
 * How many jobs of each type are in each state; a number leads to those jobs.
 * @param {StatsJson} stats
 */
export function jobTypes({ byType }) {
  const types = [...new Set(byType.map(({ type }) => type))].sort();
  const columns = COLUMNS.filter((status) => byType.some((row) => row.status === status));
  return section(
    { id: "types", title: "By type" },
    types.length === 0
      ? nothing("No job has been enqueued yet.")
      : h("div", { class: "scroll" }, [
          h("table", null, [
            h("thead", null, h("tr", null, heads(["type", ...columns], columns))),
            h(
              "tbody",
              null,
              types.map((type) =>
                h("tr", { key: type }, [
                  h("th", { scope: "row" }, type),
                  ...columns.map((status) =>
                    countCell(
                      type,
                      status,
                      byType.find((row) => row.type === type && row.status === status)?.count ?? 0,
                    ),
                  ),
                ]),
              ),
            ),
          ]),
        ]),
  );
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
