/** @import { State } from "./state.js" */
import { modal } from "./modal.js";
import { button } from "./parts.js";
import { h } from "./preact.js";
import { update } from "./state.js";

/** Asks before something that cannot be taken back. @param {State} state */
export function confirmDialog({ confirming }) {
  if (confirming === null) return null;
  const { title, text, verb, isDeletion, run } = confirming;
  const close = () => update({ confirming: null });
  const go = () => {
    close();
    void run();
  };
  return modal({ headingId: "confirm-heading", title, onClose: close }, [
    h("p", null, text),
    h("div", { class: "buttons" }, [
      button("Leave it", close),
      button(verb, go, { tone: isDeletion ? "danger" : "primary" }),
    ]),
  ]);
}
