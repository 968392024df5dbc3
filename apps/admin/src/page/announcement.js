/** @import { State } from "./state.js" */
import { dismiss } from "./actions.js";
import { button, noticeLine } from "./parts.js";
import { h } from "./preact.js";
import { state } from "./state.js";

/**
 * What was done, told at the foot of the page as its subject may be gone, and the way back if there is one.
 * @param {State} state
 */
export function announcement({ announcement: told, undo }) {
  return h("div", { class: "announcement", "aria-live": "polite" }, [
    told === null
      ? null
      : h("div", { class: `told ${told.kind}` }, [
          noticeLine(told),
          undo === null ? null : undoButton(),
          button("×", dismiss, { label: "Dismiss" }),
        ]),
  ]);
}

/** It is the last of very many stops on the way of the Tab key. */
function undoButton() {
  return h("button", { type: "button", onClick: goBack, "aria-keyshortcuts": "Control+Z Meta+Z" }, [
    "Undo",
    h("kbd", { "aria-hidden": "true" }, "Ctrl Z"),
  ]);
}

function goBack() {
  const { undo } = state;
  dismiss();
  void undo?.();
}

/** In a field the same keys take back what was typed there. @param {KeyboardEvent} event */
export function undoByKey(event) {
  const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
  const isInField =
    event.target instanceof Element && event.target.closest("input, textarea, dialog") !== null;
  if (!isUndo || isInField || state.undo === null) return;
  event.preventDefault();
  goBack();
}
