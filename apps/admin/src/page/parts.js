/** @import { AttemptJson } from "./json.js" */
/** @import { Notice } from "./state.js" */
/** @import { ComponentChildren } from "./preact.js" */
import { formatDistance, formatDuration, formatJson, formatMoment } from "./format.js";
import { h } from "./preact.js";

/**
 * A part of the page under its heading.
 * @param {{ id: string, title: string, count?: string | undefined, tools?: ComponentChildren }} head
 * @param {ComponentChildren} children
 */
export function section({ id, title, count, tools }, children) {
  const headingId = `${id}-heading`;
  return h("section", { class: "panel", id, "aria-labelledby": headingId }, [
    h("header", { class: "panel-head" }, [
      h("h2", { id: headingId, tabIndex: -1 }, title),
      count === undefined ? null : h("span", { class: "count" }, count),
      tools === undefined ? null : h("div", { class: "tools" }, tools),
    ]),
    children,
  ]);
}

/** @param {string} text what it means that there is nothing */
export function nothing(text) {
  return h("p", { class: "nothing" }, text);
}

/**
 * A word with a colour; the word alone says it all.
 * @param {string} text
 * @param {"neutral" | "good" | "warn" | "bad" | "busy"} [tone]
 */
export function badge(text, tone = "neutral") {
  return h("span", { class: `badge ${tone}` }, text);
}

/**
 * A time as a distance from now; the exact one shows on hovering.
 * @param {string} iso
 * @param {number} nowMs
 */
export function moment(iso, nowMs) {
  return h("time", { dateTime: iso, title: formatMoment(iso) }, formatDistance(iso, nowMs));
}

/**
 * A button; one that is disabled does nothing, but keeps the focus: the browser would drop it.
 * @param {string} label
 * @param {() => void} onClick
 * @param {{ tone?: "primary" | "danger" | "plain", disabled?: boolean, label?: string, pressed?: boolean }} [options]
 */
export function button(label, onClick, { tone = "plain", disabled = false, label: name, pressed } = {}) {
  return h(
    "button",
    {
      type: "button",
      class: tone,
      onClick: disabled ? undefined : onClick,
      "aria-disabled": disabled || undefined,
      "aria-label": name,
      "aria-pressed": pressed,
    },
    label,
  );
}

/**
 * The same for the button that sends a form, also by Enter in one of its fields.
 * @param {string} label
 * @param {{ tone?: "primary" | "plain", disabled?: boolean }} [options]
 */
export function submitButton(label, { tone = "primary", disabled = false } = {}) {
  const refuse = (/** @type {Event} */ event) => event.preventDefault();
  return h(
    "button",
    {
      type: "submit",
      class: tone,
      onClick: disabled ? refuse : undefined,
      "aria-disabled": disabled || undefined,
    },
    label,
  );
}

/**
 * Names and values, side by side.
 * @param {readonly (readonly [string, ComponentChildren])[]} facts those whose value is null are left out
 */
export function factList(facts) {
  return h(
    "dl",
    { class: "facts" },
    facts
      .filter(([, value]) => value !== null)
      .map(([name, value]) => h("div", { key: name }, [h("dt", null, name), h("dd", null, value)])),
  );
}

/**
 * A text as it is, with its own line breaks; long ones scroll inside.
 * @param {string} title
 * @param {string} text
 * @param {string} [tone]
 */
export function verbatim(title, text, tone = "") {
  return h("div", { class: "verbatim", key: title }, [
    h("h3", null, title),
    h("pre", { class: tone, tabIndex: 0, "aria-label": title }, text),
  ]);
}

/**
 * @param {string} title
 * @param {unknown} value
 */
export function jsonBlock(title, value) {
  return verbatim(title, formatJson(value) ?? "");
}

/**
 * The recorded runs of a job, oldest first.
 * @param {readonly AttemptJson[]} attempts
 * @param {number} nowMs
 */
export function attemptTable(attempts, nowMs) {
  if (attempts.length === 0) return null;
  return h("div", { class: "verbatim", key: "history" }, [
    h("h3", null, "History"),
    h("div", { class: "scroll" }, [
      h("table", null, [
        h(
          "thead",
          null,
          h("tr", null, heads(["Run", "Outcome", "Took", "When", "Worker", "Error"], ["Run", "Took"])),
        ),
        h(
          "tbody",
          null,
          attempts.map((run) =>
            h("tr", { key: `${run.attempt} ${run.startedAt}` }, [
              h("td", { class: "number" }, String(run.attempt)),
              h(
                "td",
                null,
                badge(run.outcome.replace("_", " "), run.outcome === "completed" ? "good" : "bad"),
              ),
              h(
                "td",
                { class: "number" },
                formatDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)),
              ),
              h("td", null, moment(run.finishedAt, nowMs)),
              h("td", { class: "mono" }, run.workerId ?? "–"),
              h("td", { class: "error" }, (run.error ?? "").split("\n", 1)[0]),
            ]),
          ),
        ),
      ]),
    ]),
  ]);
}

/**
 * @param {readonly string[]} titles empty for a column of buttons: their names say what they are for
 * @param {readonly string[]} [numbers] the titles of columns that hold numbers
 */
export function heads(titles, numbers = []) {
  return titles.map((title) =>
    title === ""
      ? h("td", { key: title })
      : h("th", { scope: "col", key: title, class: numbers.includes(title) ? "number" : undefined }, title),
  );
}

/** @param {Notice | null | undefined} notice */
export function noticeLine(notice) {
  if (notice === null || notice === undefined) return null;
  return h("div", { class: `notice ${notice.kind}`, role: notice.kind === "failed" ? "alert" : "status" }, [
    h("p", null, notice.text),
    notice.details === undefined || notice.details.length === 0
      ? null
      : h(
          "ul",
          null,
          notice.details.map((detail) => h("li", { key: detail }, detail)),
        ),
  ]);
}

/**
 * A choice of one among few.
 * @param {string} label
 * @param {string} value
 * @param {readonly (readonly [string, string])[]} options values and what they are called
 * @param {(value: string) => void} onChoose
 */
export function choice(label, value, options, onChoose) {
  return h("label", { class: "choice" }, [
    h("span", null, label),
    h(
      "select",
      {
        value,
        onChange: (/** @type {Event & { currentTarget: HTMLSelectElement }} */ event) =>
          onChoose(event.currentTarget.value),
      },
      options.map(([option, name]) => h("option", { value: option, key: option }, name)),
    ),
  ]);
}
