/** @import { DeadLetterFilter, RetriedMany, State } from "./state.js" */
import { act, announce, failed, focusOnDeadLetters, notify } from "./actions.js";
import { change, LONG_ANSWER_MS, read } from "./api.js";
import { asBody, asQuery, inWords } from "./dead-letter-filter.js";
import { formatNumber, formatSpan } from "./format.js";
import { modal } from "./modal.js";
import { button, submitButton } from "./parts.js";
import { h } from "./preact.js";
import { state as shown, update } from "./state.js";

/** What the server takes for a pace. */
const MOST_PER_MINUTE = 60_000;

/**
 * Asks how fast, and says how many there are and how long that takes.
 * @param {DeadLetterFilter} filter
 */
export async function askToRetryMany(filter) {
  update({ retryingMany: { filter, count: null, isCut: false, perMinute: "" } });
  try {
    const { body } = await read(`/admin/dead-letters/count?${new URLSearchParams(asQuery(filter))}`);
    // It may have been closed, and asked about others, meanwhile.
    if (shown.retryingMany?.filter === filter)
      update({ retryingMany: { ...shown.retryingMany, count: body.count, isCut: body.isCut } });
  } catch (error) {
    update({ retryingMany: null });
    notify("dead-letters", failed(error));
  }
}

/** @param {State} state */
export function retryManyDialog({ retryingMany }) {
  if (retryingMany === null) return null;
  const { filter, count, perMinute } = retryingMany;
  const close = () => update({ retryingMany: null });
  const pace = paceIn(perMinute);
  const onSubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    close();
    void retryMany(retryingMany);
  };
  return modal({ headingId: "retry-many-heading", title: `Retry all ${inWords(filter)}?`, onClose: close }, [
    h("form", { class: "body", onSubmit, noValidate: true }, [
      h("p", { role: "status" }, howMany(retryingMany)),
      h("div", { class: "field" }, [
        h("label", { for: "retry-pace" }, "How many a minute; empty is all at once"),
        h("input", {
          id: "retry-pace",
          type: "number",
          inputMode: "numeric",
          min: 1,
          max: MOST_PER_MINUTE,
          autocomplete: "off",
          placeholder: "all at once",
          onInput: (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => {
            const { value, validity } = event.currentTarget;
            if (shown.retryingMany !== null)
              update({ retryingMany: { ...shown.retryingMany, perMinute: validity.badInput ? "?" : value } });
          },
        }),
      ]),
      h("p", { class: "note", "aria-live": "polite" }, howLong(count, pace)),
      h("div", { class: "buttons" }, [
        button("Leave it", close),
        submitButton("Retry all", { disabled: pace === undefined || count === null || count === 0 }),
      ]),
    ]),
  ]);
}

/** @param {RetriedMany} retried */
function howMany({ count, isCut }) {
  if (count === null) return "Counting them…";
  if (count === 0) return "None of them can be retried.";
  const number = `${formatNumber(count)}${isCut ? " or more" : ""}`;
  return `${number} ${count === 1 ? "goes" : "go"} back to the queue, each under its own id and with all its attempts.`;
}

/**
 * @param {number | null} count
 * @param {number | null | undefined} pace
 */
function howLong(count, pace) {
  if (pace === undefined) return `A whole number from 1 to ${formatNumber(MOST_PER_MINUTE)}, please.`;
  if (pace === null) return "All of them may run at once, as far as limits and workers allow.";
  if (count === null || count === 0) return "";
  const last = formatSpan(lastAfterMs(count, pace));
  return `The first runs now, the last in about ${last}. Until then they are scheduled.`;
}

/**
 * @param {number} count
 * @param {number} pace
 */
function lastAfterMs(count, pace) {
  return ((count - 1) * 60_000) / pace;
}

/**
 * @param {string} typed
 * @returns {number | null | undefined} null is all at once; undefined is no pace
 */
function paceIn(typed) {
  if (typed === "") return null;
  const pace = Number(typed);
  return Number.isInteger(pace) && pace >= 1 && pace <= MOST_PER_MINUTE ? pace : undefined;
}

/** @param {RetriedMany} retried */
async function retryMany({ filter, count, perMinute }) {
  const pace = paceIn(perMinute) ?? null;
  await act("dead-letters", async () => {
    const body = { ...asBody(filter), ...(pace !== null && { perMinute: pace }) };
    const { retried } = await change("POST", "/admin/dead-letters/retry", body, LONG_ANSWER_MS);
    announce([result(retried, pace), ...stayed(retried, count ?? 0)].join(". "));
  });
  focusOnDeadLetters();
}

/**
 * @param {number} retried
 * @param {number | null} pace
 */
function result(retried, pace) {
  if (retried === 0) return "None was retried";
  const jobs = `${formatNumber(retried)} ${retried === 1 ? "job is" : "jobs are"}`;
  if (pace === null || retried === 1) return `${jobs} pending again`;
  return `${jobs} back: the first is pending, the last runs in about ${formatSpan(lastAfterMs(retried, pace))}`;
}

/**
 * @param {number} retried
 * @param {number} count
 */
function stayed(retried, count) {
  const left = count - retried;
  return left <= 0
    ? []
    : [`${formatNumber(left)} stayed: decided about meanwhile, or a newer job has the unique key`];
}
