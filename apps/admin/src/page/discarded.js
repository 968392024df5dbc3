/** @import { DiscardedItem, List } from "./json.js" */
/** @import { State } from "./state.js" */
import { askToErase, putBack } from "./actions.js";
import { REASONS } from "./dead-letter-filter.js";
import { firstLine } from "./format.js";
import { badge, button, factList, jsonBlock, moment, nothing, verbatim } from "./parts.js";
import { h } from "./preact.js";

/**
 * Dead letters that were taken off the list, until retention takes them.
 * @param {List<DiscardedItem>} list
 * @param {State} state
 * @param {number} nowMs
 */
export function discardedJobs(list, { busy }, nowMs) {
  return h("div", { class: "discarded" }, [
    h("h3", { class: "more" }, "Discarded"),
    list.items.length === 0
      ? nothing("None. What is discarded is kept here until its retention is over.")
      : null,
    h(
      "div",
      { class: "items" },
      list.items.map((discarded) => item(discarded, busy.has("dead-letters"), nowMs)),
    ),
    list.nextCursor === null ? null : h("p", { class: "more" }, "The newest are shown; the API lists all."),
  ]);
}

/**
 * @param {DiscardedItem} discarded
 * @param {boolean} disabled
 * @param {number} nowMs
 */
function item(discarded, disabled, nowMs) {
  const { id, type, lastError, discardedAt, failedAt, reason, originalJobId, notes, payload, cut } =
    discarded;
  return h("details", { key: id, class: "item reviewed" }, [
    h("summary", null, [
      h("span", { class: "what" }, [
        h("strong", null, type),
        badge("discarded"),
        h("span", { class: "error" }, firstLine(lastError)),
      ]),
      h("span", { class: "when" }, moment(discardedAt, nowMs)),
    ]),
    h("div", { class: "body" }, [
      h("div", { class: "buttons" }, [
        button("Put back", () => void putBack(discarded), { tone: "primary", disabled }),
        button("Delete for good…", () => askToErase(discarded), { tone: "danger", disabled }),
      ]),
      factList([
        ["Reason", REASONS[reason] ?? reason],
        ["Given up", moment(failedAt, nowMs)],
        ["Job", h("code", null, originalJobId)],
        ["Note", notes],
      ]),
      verbatim("Error", lastError ?? "none recorded", "error"),
      cut.includes("payload") ? null : jsonBlock("Payload", payload),
    ]),
  ]);
}
