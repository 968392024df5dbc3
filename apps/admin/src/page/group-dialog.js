/** @import { GroupItem } from "./json.js" */
/** @import { State } from "./state.js" */
import { saveWeight } from "./actions.js";
import { modal } from "./modal.js";
import { button, noticeLine, submitButton } from "./parts.js";
import { h } from "./preact.js";
import { state, update, withEntry } from "./state.js";

/** What goes on in the dialog is told there. */
const DIALOG = "group dialog";

/** The weight of a group, and what another one will do. @param {State} state */
export function groupDialog({ editedGroup, busy, notices }) {
  if (editedGroup === null) return null;
  const { group } = editedGroup;
  const close = () => update({ editedGroup: null });
  const title = group === null ? "Set a weight" : `Group ${group.groupKey}`;
  return modal({ headingId: "group-heading", title, onClose: close }, [
    h(
      "form",
      {
        class: "body",
        // What is wrong the server says.
        noValidate: true,
        onSubmit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          if (event.currentTarget instanceof HTMLFormElement)
            void saveWeight(DIALOG, group?.groupKey ?? null, new FormData(event.currentTarget));
        },
      },
      [
        group === null ? field("key", "Of which group", "", {}) : null,
        field("weight", "Turns for one of each other group", String(group?.weight ?? 1), {
          inputMode: "decimal",
        }),
        h(
          "p",
          { class: "note" },
          "From 0.01 to 1,000; 1 is what a group has without it. It is for jobs that come into the line from now on.",
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
 * @param {string} name
 * @param {string} label
 * @param {string} value
 * @param {Readonly<Record<string, unknown>>} rest
 */
function field(name, label, value, rest) {
  const id = `group-${name}`;
  return h("div", { class: "field", key: name }, [
    h("label", { for: id }, label),
    h("input", { id, name, defaultValue: value, autocomplete: "off", ...rest }),
  ]);
}

/** @param {GroupItem | null} group null for one that is not in the list */
export function openGroup(group) {
  update({ editedGroup: { group }, notices: withEntry(state.notices, DIALOG, undefined) });
}
