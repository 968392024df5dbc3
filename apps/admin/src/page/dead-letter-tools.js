/** @import { Snapshot } from "./json.js" */
/** @import { DeadLetterFilter, State } from "./state.js" */
import { REASONS } from "./dead-letter-filter.js";
import { button, choice } from "./parts.js";
import { h } from "./preact.js";
import { refresh } from "./refresh.js";
import { askToRetryMany } from "./retry-many-dialog.js";
import { state as shown, update } from "./state.js";

const TIMES = /** @type {const} */ ([
  ["", "any time"],
  ["1", "last hour"],
  ["24", "last 24 hours"],
  ["between", "between…"],
]);

/**
 * What the dead letters are found by, and the button for all that are.
 * @param {State} state
 * @param {Snapshot["stats"]} stats
 */
export function filterTools({ deadLetterFilter: filter, busy, showsDiscarded }, stats) {
  const types = new Set(stats.byType.filter(({ status }) => status === "failed").map(({ type }) => type));
  if (filter.type !== "") types.add(filter.type);
  return [
    stats.queue.failed === 0
      ? null
      : button("Retry all…", () => void askToRetryMany(filter), { disabled: busy.has("dead-letters") }),
    button("Unreviewed only", () => set({ onlyUnreviewed: !filter.onlyUnreviewed }), {
      pressed: filter.onlyUnreviewed,
    }),
    choice(
      "Type",
      filter.type,
      [["", "all types"], ...[...types].sort().map((type) => /** @type {const} */ ([type, type]))],
      (type) => set({ type }),
    ),
    choice("Reason", filter.reason, [["", "all reasons"], ...Object.entries(REASONS)], (reason) =>
      set({ reason }),
    ),
    h("input", {
      type: "search",
      "aria-label": "Search in errors",
      placeholder: "Search in errors",
      maxLength: 200,
      defaultValue: filter.search,
      onChange: (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) =>
        set({ search: event.currentTarget.value.trim() }),
    }),
    button("Show discarded", toggleDiscarded, { pressed: showsDiscarded }),
    choice("Given up", filter.time, TIMES, setTime),
    ...(filter.time === "between"
      ? [timeField("from", "Given up from", filter.from), timeField("until", "before", filter.until)]
      : []),
  ];
}

function toggleDiscarded() {
  update({ showsDiscarded: !shown.showsDiscarded });
  void refresh();
}

/** @param {string} time */
function setTime(time) {
  if (time === "between") set({ time });
  else set({ time, from: time === "" ? "" : hoursAgo(Number(time)), until: "" });
}

/** As a field of the form has it. @param {number} hours */
function hoursAgo(hours) {
  const then = new Date((shown.snapshot?.atMs ?? 0) - hours * 3_600_000);
  return new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** @param {Partial<DeadLetterFilter>} changes */
function set(changes) {
  update({ deadLetterFilter: { ...shown.deadLetterFilter, ...changes, limit: 25 } });
  void refresh();
}

/**
 * @param {"from" | "until"} name
 * @param {string} label
 * @param {string} value
 */
function timeField(name, label, value) {
  return h("label", { class: "moment", key: name }, [
    h("span", null, label),
    h("input", {
      type: "datetime-local",
      defaultValue: value,
      max: "9999-12-31T23:59",
      onChange: (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => {
        const { value, validity } = event.currentTarget;
        set({ [name]: validity.valid ? value : "" });
      },
    }),
  ]);
}
