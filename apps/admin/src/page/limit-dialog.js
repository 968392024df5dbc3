/** @import { LimitItem } from "./json.js" */
/** @import { State } from "./state.js" */
import { saveLimit } from "./actions.js";
import { modal } from "./modal.js";
import { button, noticeLine, submitButton } from "./parts.js";
import { h } from "./preact.js";
import { state, update, withEntry } from "./state.js";

/** What goes on in the dialog is told there, and not beside the limit in the list. */
const DIALOG = "limit dialog";

/** The bounds of a limit, old or new. @param {State} state */
export function limitDialog({ editedLimit, busy, notices, snapshot }) {
  if (editedLimit === null) return null;
  const { limit } = editedLimit;
  const close = () => update({ editedLimit: null });
  const names = [...new Set(snapshot?.stats.byType.map(({ type }) => type))];
  const title = limit === null ? "Set a limit" : `Limit ${limit.name}`;
  return modal({ headingId: "limit-heading", title, onClose: close }, [
    h(
      "form",
      {
        class: "body",
        // What is wrong the server says, in one way for every field.
        noValidate: true,
        onSubmit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          if (event.currentTarget instanceof HTMLFormElement)
            void saveLimit(DIALOG, limit?.name ?? null, new FormData(event.currentTarget));
        },
      },
      [
        limit === null ? field("name", "Of which type, or shared limit", "", { list: "limit-names" }) : null,
        limit === null
          ? h(
              "datalist",
              { id: "limit-names" },
              names.map((name) => h("option", { key: name, value: name })),
            )
          : null,
        paceFields("", limit),
        h("p", { class: "note" }, "Of each key by itself, such as each customer"),
        paceFields("key-", limit?.perKey ?? null),
        h(
          "p",
          { class: "note" },
          "What is left empty is not limited. It holds over all workers, from now on.",
        ),
        noticeLine(notices.get(DIALOG)),
        h("div", { class: "buttons" }, [
          button("Leave it", close),
          submitButton("Set", { disabled: busy.has(DIALOG) }),
        ]),
      ],
    ),
  ]);
}

/**
 * @param {string} prefix of the fields' names
 * @param {Pick<LimitItem, "rate" | "concurrency"> | null} pace
 */
function paceFields(prefix, pace) {
  const rate = pace?.rate ?? null;
  const number = { type: "number", min: 1, inputMode: "numeric" };
  return h("div", { class: "pace" }, [
    field(`${prefix}limit`, "Jobs that may start", rate?.limit, number),
    field(
      `${prefix}seconds`,
      "in so many seconds",
      rate === null ? undefined : rate.periodMs / 1_000,
      number,
    ),
    field(`${prefix}burst`, "of them at once, after a quiet time", rate?.burst, number),
    field(`${prefix}concurrency`, "Jobs that may run at a time", pace?.concurrency ?? undefined, number),
  ]);
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string | number | undefined} value
 * @param {Readonly<Record<string, unknown>>} [rest]
 */
function field(name, label, value, rest = {}) {
  const id = `limit-${name}`;
  return h("div", { class: "field", key: name }, [
    h("label", { for: id }, label),
    h("input", {
      id,
      name,
      defaultValue: value === undefined ? "" : String(value),
      autocomplete: "off",
      ...rest,
    }),
  ]);
}

/** @param {LimitItem | null} limit null for a new one */
export function openLimit(limit) {
  update({ editedLimit: { limit }, notices: withEntry(state.notices, DIALOG, undefined) });
}
