/** @import { ComponentChildren } from "./preact.js" */
import { h } from "./preact.js";

/** @type {HTMLDialogElement | null} */
let open = null;

/**
 * Called with a dialog when it has come, and with null just before it is taken away: only one that is closed gives the
 * focus back to where it was.
 * @param {HTMLDialogElement | null} dialog
 */
function followDialog(dialog) {
  if (dialog === null) open?.close();
  else dialog.showModal();
  open = dialog;
}

/**
 * A dialog over the page; the part that shows it takes it away by rendering none.
 * @param {{ headingId: string, title: string, onClose: () => void }} head
 * @param {ComponentChildren} children
 */
export function modal({ headingId, title, onClose }, children) {
  return h("dialog", { ref: followDialog, onClose, "aria-labelledby": headingId }, [
    h("h2", { id: headingId }, title),
    children,
  ]);
}
