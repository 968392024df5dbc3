/** @import { DeadLetterItem, DeadLetterJson, Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import {
  decrypt,
  discard,
  forget,
  hidePlaintext,
  openWhole,
  retry,
  review,
  saveNotes,
  savePayload,
} from "./actions.js";
import { asQuery, REASONS } from "./dead-letter-filter.js";
import { filterTools } from "./dead-letter-tools.js";
import { discardedJobs } from "./discarded.js";
import { firstLine, formatJson, formatNumber } from "./format.js";
import {
  attemptTable,
  badge,
  button,
  factList,
  jsonBlock,
  moment,
  nothing,
  noticeLine,
  section,
  submitButton,
  verbatim,
} from "./parts.js";
import { h } from "./preact.js";
import { refresh } from "./refresh.js";
import { runReports } from "./run-reports.js";
import { state as shown, update, withEntry, withItem } from "./state.js";

/** The most that one list of the API holds. */
const MOST_SHOWN = 200;

/**
 * Jobs that were given up.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function deadLetters(state, { deadLetters: list, discarded, stats, atMs }) {
  const { deadLetterFilter: filter } = state;
  const isFiltered = Object.keys(asQuery(filter)).length > 0;
  return section(
    {
      id: "dead-letters",
      title: "Dead letters",
      count: isFiltered ? undefined : formatNumber(stats.queue.failed),
      tools: filterTools(state, stats),
    },
    [
      noticeLine(state.notices.get("dead-letters")),
      list.items.length === 0
        ? nothing(
            isFiltered
              ? "No dead letter matches."
              : "None. Jobs that run out of attempts are kept here until somebody decides.",
          )
        : null,
      h("div", { class: "items" }, [
        ...leftBehind(state, list.items).map((whole) => item(state, { ...whole, cut: [] }, atMs, true)),
        ...list.items.map((listed) => item(state, listed, atMs, false)),
      ]),
      list.nextCursor === null ? null : more(filter.limit),
      discarded === null ? null : discardedJobs(discarded, state, atMs),
    ],
  );
}

/**
 * What is being edited stays on the page when it leaves the list, so that nobody's typing vanishes.
 * @param {State} state
 * @param {readonly DeadLetterItem[]} items
 */
function leftBehind({ editing, opened }, items) {
  return [...editing]
    .filter((id) => !items.some((listed) => listed.id === id))
    .flatMap((id) => {
      const whole = opened.get(id);
      return whole !== undefined && "originalJobId" in whole ? [whole] : [];
    });
}

/** @param {number} limit */
function more(limit) {
  if (limit >= MOST_SHOWN)
    return h("p", { class: "more" }, `The newest ${MOST_SHOWN} are shown; choose a type to see others.`);
  const show = () => {
    update({ deadLetterFilter: { ...shown.deadLetterFilter, limit: Math.min(limit * 2, MOST_SHOWN) } });
    void refresh();
  };
  return h("p", { class: "more" }, button("Show more", show));
}

/**
 * @param {State} state
 * @param {DeadLetterItem} listed
 * @param {number} nowMs
 * @param {boolean} isGone
 */
function item(state, listed, nowMs, isGone) {
  const { id } = listed;
  const whole = state.opened.get(id);
  const onToggle = (/** @type {Event & { currentTarget: HTMLDetailsElement }} */ event) => {
    if (event.currentTarget.open) void openWhole("dead-letters", id);
    else forget(id);
  };
  return h(
    "details",
    { key: id, id: `item-${id}`, class: listed.reviewed ? "item reviewed" : "item", onToggle },
    [
      h("summary", null, [
        h("span", { class: "what" }, [
          h("strong", null, listed.type),
          listed.reviewed ? badge("reviewed", "good") : null,
          isGone ? badge("no longer in this list", "warn") : null,
          h("span", { class: "error" }, firstLine(listed.lastError)),
        ]),
        h("span", { class: "when" }, [
          h("span", { class: "extra" }, `${listed.attempts} of ${listed.maxAttempts} attempts`),
          moment(listed.failedAt, nowMs),
        ]),
      ]),
      whole !== undefined && "originalJobId" in whole
        ? body(state, { ...whole, reviewed: listed.reviewed }, nowMs)
        : null,
      whole === undefined ? noticeLine(state.notices.get(id)) : null,
    ],
  );
}

/**
 * @param {State} state
 * @param {DeadLetterJson} stored
 * @param {number} nowMs
 */
function body(state, stored, nowMs) {
  const { id } = stored;
  const whole = { ...stored, ...state.decrypted.get(id) };
  const isEditing = state.editing.has(id);
  return h("div", { class: "body" }, [
    buttons(state, whole),
    noticeLine(state.notices.get(id)),
    factList([
      ["Attempts", `${whole.attempts} of ${whole.maxAttempts}`],
      ["Reason", REASONS[whole.reason] ?? whole.reason],
      ["Given up", moment(whole.failedAt, nowMs)],
      ["Enqueued", moment(whole.createdAt, nowMs)],
      ["Priority", String(whole.priority)],
      ["Job", h("code", null, whole.originalJobId)],
      // Of most types there is only one.
      ["Encrypted with key", whole.keyId],
      ["Payload version", whole.payloadVersion === 1 ? null : String(whole.payloadVersion)],
      ["Workflow", whole.workflowId === null ? null : h("code", null, whole.workflowId)],
    ]),
    verbatim("Error", whole.lastError ?? "none recorded", "error"),
    isEditing ? payloadForm(state, whole) : jsonBlock("Payload", whole.payload),
    ...runReports(whole.reports, nowMs),
    attemptTable(whole.history, nowMs),
    notesForm(state, whole),
  ]);
}

/**
 * @param {State} state
 * @param {DeadLetterJson} whole
 */
function buttons(state, whole) {
  const { id, reviewed, keyId } = whole;
  const isPlain = keyId === null || state.decrypted.has(id);
  const disabled = state.busy.has(id);
  // A retry runs with the payload that is stored, not with what is being typed.
  const isEditing = state.editing.has(id);
  const edit = () => {
    update({ editing: withItem(shown.editing, id, true) });
    document.getElementById(`payload-${id}`)?.focus();
  };
  return h("div", { class: "buttons" }, [
    button("Retry", () => void retry(whole), { tone: "primary", disabled: disabled || isEditing }),
    // What is not to be seen cannot be edited either.
    isEditing || !isPlain ? null : button("Edit payload", edit, { disabled }),
    keyId === null
      ? null
      : isPlain
        ? button("Hide plain text", () => hidePlaintext(id), { disabled })
        : button("Decrypt", () => void decrypt("dead-letters", id), { disabled }),
    button(reviewed ? "Mark as not reviewed" : "Mark as reviewed", () => void review(id, !reviewed), {
      disabled,
    }),
    button("Discard", () => void discard(whole), { tone: "danger", disabled }),
  ]);
}

/**
 * @param {State} state
 * @param {DeadLetterJson} whole
 */
function payloadForm(state, { id, presentPayload }) {
  // What was said of the text that is given up goes with it.
  const close = () =>
    update({
      editing: withItem(shown.editing, id, false),
      notices: withEntry(shown.notices, id, undefined),
    });
  const text = formatJson(presentPayload);
  return h(
    "form",
    {
      key: "payload-form",
      onSubmit: (/** @type {SubmitEvent} */ event) => submitted(event, (typed) => savePayload(id, typed)),
    },
    [
      h("label", { for: `payload-${id}` }, "Payload"),
      h("textarea", {
        id: `payload-${id}`,
        name: "text",
        class: "mono",
        rows: Math.min(text.split("\n").length + 1, 20),
        defaultValue: text,
        spellcheck: false,
      }),
      h("div", { class: "buttons" }, [
        submitButton("Save payload", { disabled: state.busy.has(id) }),
        button("Keep as it was", close),
      ]),
    ],
  );
}

/**
 * @param {State} state
 * @param {DeadLetterJson} whole
 */
function notesForm(state, { id, notes }) {
  return h(
    "form",
    {
      key: "notes-form",
      onSubmit: (/** @type {SubmitEvent} */ event) => submitted(event, (typed) => saveNotes(id, typed)),
    },
    [
      h("label", { for: `notes-${id}` }, "Note"),
      h("textarea", {
        id: `notes-${id}`,
        name: "text",
        rows: 2,
        maxLength: 10_000,
        defaultValue: notes ?? "",
        placeholder: "What was found, who was asked",
      }),
      h(
        "div",
        { class: "buttons" },
        submitButton("Save note", { tone: "plain", disabled: state.busy.has(id) }),
      ),
    ],
  );
}

/**
 * @param {SubmitEvent} event
 * @param {(text: string) => Promise<void>} save
 */
function submitted(event, save) {
  event.preventDefault();
  if (!(event.currentTarget instanceof HTMLFormElement)) return;
  const typed = new FormData(event.currentTarget).get("text");
  void save(typeof typed === "string" ? typed : "");
}
