/** @import { LimitItem, Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import { liftLimit, resetLimit } from "./actions.js";
import { formatDuration, formatNumber } from "./format.js";
import { openLimit } from "./limit-dialog.js";
import { badge, button, heads, nothing, noticeLine, section } from "./parts.js";
import { h } from "./preact.js";

/**
 * How fast jobs may start, by type or by the name that types share, and what each limit has to do.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function limits(state, { limits: list, stats: { byType } }) {
  const tools = button("Set a limit…", () => openLimit(null));
  return section({ id: "limits", title: "Limits", tools }, [
    noticeLine(state.notices.get("limits")),
    list.items.length === 0
      ? nothing("Nothing is limited: workers take jobs as fast as they can.")
      : h("div", { class: "scroll" }, [
          h("table", null, [
            h(
              "thead",
              null,
              h("tr", null, heads(["Limit", "Lets through", "Run", "Wait", ""], ["Run", "Wait"])),
            ),
            h(
              "tbody",
              null,
              list.items.map((limit) => {
                const count = (/** @type {string} */ status) =>
                  byType.reduce(
                    (sum, row) =>
                      row.status === status && limit.types.includes(row.type) ? sum + row.count : sum,
                    0,
                  );
                return h("tr", { key: limit.name }, [
                  h("th", { scope: "row" }, [
                    limit.name,
                    limit.isEdited ? badge(isLifted(limit) ? "lifted" : "edited", "warn") : null,
                    limit.isShared ? h("div", { class: "note" }, shareNote(limit)) : null,
                  ]),
                  h("td", null, [
                    describe(limit),
                    limit.isEdited && limit.declared !== null
                      ? h("div", { class: "note" }, `in the code: ${describe(limit.declared)}`)
                      : null,
                  ]),
                  h("td", { class: "number" }, formatNumber(count("processing"))),
                  h("td", { class: "number" }, formatNumber(count("pending"))),
                  h("td", { class: "number" }, tool(state, limit)),
                ]);
              }),
            ),
          ]),
        ]),
  ]);
}

/** @param {LimitItem} limit */
function shareNote({ types }) {
  return types.length === 0 ? "shared by no type" : `shared by ${types.join(", ")}`;
}

/** @param {LimitItem} limit */
function isLifted({ rate, concurrency, perKey }) {
  return rate === null && concurrency === null && perKey === null;
}

/** Periods that have a name, in milliseconds. */
const PERIODS = new Map([
  [1_000, "s"],
  [60_000, "min"],
  [3_600_000, "h"],
  [86_400_000, "day"],
]);

/** @param {Pick<LimitItem, "rate" | "concurrency" | "perKey">} bounds */
function describe({ perKey, ...all }) {
  const parts = paceParts(all);
  if (perKey !== null) parts.push(`of each key ${paceParts(perKey).join(", ")}`);
  return parts.length === 0 ? "everything" : parts.join("; ");
}

/** @param {Pick<LimitItem, "rate" | "concurrency">} pace */
function paceParts({ rate, concurrency }) {
  const parts = [];
  if (rate !== null) {
    const period = PERIODS.get(rate.periodMs) ?? formatDuration(rate.periodMs);
    const burst = rate.burst === 1 ? "" : `, up to ${formatNumber(rate.burst)} at once`;
    parts.push(`${formatNumber(rate.limit)} per ${period}${burst}`);
  }
  if (concurrency !== null) parts.push(`${formatNumber(concurrency)} at a time`);
  return parts;
}

/**
 * @param {State} state
 * @param {LimitItem} limit
 */
function tool({ busy, notices }, limit) {
  const { name } = limit;
  const disabled = busy.has(`limit ${name}`);
  const { declared, isEdited } = limit;
  return [
    h("div", { class: "buttons" }, [
      button("Edit…", () => openLimit(limit), { label: `Edit the limit ${name}` }),
      isLifted(limit)
        ? null
        : button("Lift", () => void liftLimit(limit), { label: `Lift the limit ${name}`, disabled }),
      isEdited && declared !== null
        ? button("As in the code", () => void resetLimit(name), {
            label: `Make the limit ${name} as in the code`,
            disabled,
          })
        : null,
    ]),
    noticeLine(notices.get(`limit ${name}`)),
  ];
}
