/** @import { Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import { askToCancelWorkflow, retryWorkflow } from "./actions.js";
import { formatNumber, formatShare } from "./format.js";
import { badge, button, moment, noticeLine } from "./parts.js";
import { h } from "./preact.js";

const TONES = /** @type {const} */ ({ running: "busy", completed: "good", failed: "bad", cancelled: "warn" });

/**
 * Where the workflow stands that the jobs are filtered by, and what can be done about all of it.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function workflow(state, { workflow: shown, atMs }) {
  if (shown === null || shown.id !== state.jobFilter.workflow) return null;
  const { id, status, total, progress, byStatus } = shown;
  const isBusy = state.busy.has(id);
  const failed = byStatus.failed ?? 0;
  const isCancelled = shown.cancelledAt !== null;
  return h("div", { class: "workflow" }, [
    h("p", null, [
      badge(status, TONES[status]),
      h("code", null, id),
      h("progress", { value: progress, max: 1, "aria-label": "Jobs that have ended" }),
      h("span", null, `${formatShare(progress)} of ${formatNumber(total)} jobs`),
      ...Object.entries(byStatus).map(([name, count]) => h("span", null, `${formatNumber(count)} ${name}`)),
      h("span", null, ["started ", moment(shown.startedAt, atMs)]),
    ]),
    h("div", { class: "buttons" }, [
      failed > 0 && !isCancelled
        ? button(
            `Retry ${failed === 1 ? "the failed job" : `${formatNumber(failed)} failed jobs`}`,
            () => void retryWorkflow(id),
            {
              tone: "primary",
              disabled: isBusy,
            },
          )
        : null,
      status === "running" && !isCancelled
        ? button("Cancel the workflow…", () => askToCancelWorkflow(shown), {
            tone: "danger",
            disabled: isBusy,
          })
        : null,
    ]),
    noticeLine(state.notices.get(id)),
  ]);
}
