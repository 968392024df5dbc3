/** @import { State } from "./state.js" */
import { dismiss } from "./actions.js";
import { button, noticeLine } from "./parts.js";
import { h } from "./preact.js";

/**
 * What was done, told at the foot of the page as its subject may be gone, and the way back if there is one.
 * @param {State} state
 */
export function announcement({ announcement: told, undo }) {
  const goBack = () => {
    dismiss();
    void undo?.();
  };
  return h("div", { class: "announcement", "aria-live": "polite" }, [
    told === null
      ? null
      : h("div", { class: "told" }, [
          noticeLine(told),
          undo === null ? null : button("Undo", goBack),
          button("×", dismiss, { label: "Dismiss" }),
        ]),
  ]);
}
