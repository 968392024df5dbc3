/** @import { Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */

import { failed } from "./actions.js";
import { read } from "./api.js";
import { formatDuration } from "./format.js";
import { modal } from "./modal.js";
import { button, moment, noticeLine, submitButton } from "./parts.js";
import { h } from "./preact.js";
import { saveSchedule } from "./schedule-actions.js";
import { state as shown, update } from "./state.js";

/** Times, policies and payload of a schedule, with what its times would mean. @param {State} state */
export function scheduleDialog({ editedSchedule, busy, notices, snapshot }) {
  if (editedSchedule === null || snapshot === null) return null;
  const { id, expression, timeZone, catchUp, overlap, payload, runs, problem } = editedSchedule;
  const close = () => update({ editedSchedule: null });
  return modal({ headingId: "schedule-heading", title: `Edit ${id}`, onClose: close }, [
    h(
      "form",
      {
        class: "body",
        onSubmit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          if (event.currentTarget instanceof HTMLFormElement)
            void saveSchedule(editedSchedule, new FormData(event.currentTarget));
        },
        onInput: (/** @type {Event & { currentTarget: HTMLFormElement }} */ event) => {
          const form = new FormData(event.currentTarget);
          void preview(id, textIn(form, "expression"), textIn(form, "timeZone"));
        },
      },
      [
        h("label", { for: "schedule-expression" }, "Cron expression, or every N ms"),
        h("input", {
          id: "schedule-expression",
          name: "expression",
          class: "mono",
          defaultValue: expression,
        }),
        h("label", { for: "schedule-zone" }, "Time zone"),
        h("input", { id: "schedule-zone", name: "timeZone", defaultValue: timeZone }),
        select("catchUp", "Slots that nobody was there to take", catchUp, [
          ["skip", "pass over"],
          ["once", "one job for all of them"],
          ...(catchUp === "skip" || catchUp === "once" ? [] : /** @type {const} */ ([[catchUp, catchUp]])),
        ]),
        select("overlap", "While its last job has not ended", overlap, [
          ["allow", "add the next one all the same"],
          ["skip", "pass over"],
        ]),
        payload === null ? null : h("label", { for: "schedule-payload" }, "Payload"),
        payload === null
          ? null
          : h("textarea", {
              id: "schedule-payload",
              name: "payload",
              class: "mono",
              rows: 4,
              defaultValue: payload,
              spellcheck: false,
            }),
        h("p", { class: "note" }, "Next runs"),
        h(
          "ol",
          { class: "runs" },
          runs.map((run) => h("li", { key: run }, [`${run} `, moment(run, snapshot.atMs)])),
        ),
        noticeLine(problem ?? notices.get(`schedule ${id}`)),
        h("div", { class: "buttons" }, [
          button("Leave it", close),
          submitButton("Save", { disabled: busy.has(`schedule ${id}`) || problem !== null }),
        ]),
      ],
    ),
  ]);
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} value
 * @param {readonly (readonly [string, string])[]} options
 */
function select(name, label, value, options) {
  const id = `schedule-${name}`;
  return [
    h("label", { for: id, key: label }, label),
    h(
      "select",
      { id, name, key: id },
      options.map(([option, text]) =>
        h("option", { value: option, key: option, selected: option === value }, text),
      ),
    ),
  ];
}

/** @param {Snapshot["schedules"]["items"][number]["catchUp"]} catchUp */
function catchUpText(catchUp) {
  if (typeof catchUp === "string") return catchUp;
  return `all: up to ${catchUp.all.max}, no older than ${formatDuration(catchUp.all.maxAgeMs)}`;
}

/** @param {Snapshot["schedules"]["items"][number]} schedule */
export function openSchedule(schedule) {
  const { id, version, expression, timeZone, overlap, payload, keyId, cut } = schedule;
  const catchUp = catchUpText(schedule.catchUp);
  // A list cuts what is long and shows nothing that is encrypted: such a payload is not offered, or it would be lost.
  const text = cut.length > 0 || keyId !== null ? null : JSON.stringify(payload, null, 2);
  const times = { expression, timeZone, catchUp, overlap };
  update({ editedSchedule: { id, version, ...times, payload: text, runs: [], problem: null } });
  void preview(id, expression, timeZone);
}

/**
 * @param {FormData} form
 * @param {string} name
 */
function textIn(form, name) {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

let lastAsked = 0;

/**
 * Shows the runs of what is typed; an answer that was overtaken by more typing is dropped.
 * @param {string} id
 * @param {string} expression
 * @param {string} timeZone
 */
async function preview(id, expression, timeZone) {
  lastAsked += 1;
  const asked = lastAsked;
  const seen = await read(`/admin/schedules/preview?${new URLSearchParams({ expression, timeZone })}`).then(
    ({ body }) => ({ runs: body.runs, problem: null }),
    (error) => ({ runs: [], problem: failed(error) }),
  );
  if (asked === lastAsked && shown.editedSchedule?.id === id)
    update({ editedSchedule: { ...shown.editedSchedule, ...seen } });
}
