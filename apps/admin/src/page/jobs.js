/** @import { JobItem, JobJson, Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import { askToCancel, decrypt, forget, hidePlaintext, openWhole } from "./actions.js";
import { listen } from "./live-events.js";
import {
  attemptTable,
  badge,
  button,
  choice,
  factList,
  jsonBlock,
  moment,
  nothing,
  noticeLine,
  section,
  verbatim,
} from "./parts.js";
import { h } from "./preact.js";
import { refresh } from "./refresh.js";
import { runReports } from "./run-reports.js";
import { state as shown, update } from "./state.js";
import { workflow } from "./workflow.js";

const STATUSES = /** @type {const} */ ([
  "pending",
  "processing",
  "scheduled",
  "waiting",
  "completed",
  "cancelled",
  "failed",
]);

const TONES = /** @type {const} */ ({
  pending: "neutral",
  processing: "busy",
  scheduled: "neutral",
  waiting: "neutral",
  completed: "good",
  cancelled: "warn",
  failed: "bad",
});

const CANCELLABLE = new Set(["pending", "processing", "scheduled", "waiting"]);
const MOST_SHOWN = 200;

/** @param {{ type?: string, status?: string, workflow?: string }} filter what is left out is not filtered by */
export function showJobs({ type = "", status = "", workflow = "" }) {
  update({ jobFilter: { type, status, workflow, limit: 10 } });
  void refresh();
  const heading = document.getElementById("jobs-heading");
  heading?.scrollIntoView({ block: "start" });
  heading?.focus({ preventScroll: true });
}

/** Lays one job open in the list, above the others if it is not among them. @param {string} id */
export async function showJob(id) {
  showJobs({});
  await openWhole("jobs", id);
  const item = document.getElementById(`item-${id}`);
  if (!(item instanceof HTMLDetailsElement)) return;
  item.open = true;
  item.querySelector("summary")?.focus();
}

/** @param {string} id */
function watchJob(id) {
  listen({ type: "", job: id });
  document.getElementById("events-heading")?.focus();
}

/**
 * Jobs to look at, filtered by state, type and workflow.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function jobs(state, snapshot) {
  const { jobs: list, stats, atMs } = snapshot;
  const picked = [...state.opened.values()].filter(
    (whole) => !("originalJobId" in whole) && !list.items.some(({ id }) => id === whole.id),
  );
  return section({ id: "jobs", title: "Jobs", tools: filterTools(state, stats) }, [
    workflow(state, snapshot),
    list.items.length === 0
      ? nothing(stats.byType.length === 0 ? "No job has been enqueued yet." : "No job matches.")
      : null,
    h("div", { class: "items" }, [
      ...picked.flatMap((whole) =>
        "originalJobId" in whole ? [] : [item(state, { ...whole, cut: [] }, atMs)],
      ),
      ...list.items.map((listed) => item(state, listed, atMs)),
    ]),
    list.nextCursor === null ? null : more(state.jobFilter.limit),
  ]);
}

/**
 * @param {State} state
 * @param {Snapshot["stats"]} stats
 */
function filterTools({ jobFilter: filter }, stats) {
  const types = new Set(stats.byType.map(({ type }) => type));
  if (filter.type !== "") types.add(filter.type);
  const set = (/** @type {Partial<typeof filter>} */ changes) => {
    update({ jobFilter: { ...filter, ...changes, limit: 10 } });
    void refresh();
  };
  return [
    filter.workflow === ""
      ? null
      : button(`Workflow ${filter.workflow} ×`, () => set({ workflow: "" }), { label: "Show all workflows" }),
    choice(
      "State",
      filter.status,
      [["", "all states"], ...STATUSES.map((status) => /** @type {const} */ ([status, status]))],
      (status) => set({ status }),
    ),
    choice(
      "Type",
      filter.type,
      [["", "all types"], ...[...types].sort().map((type) => /** @type {const} */ ([type, type]))],
      (type) => set({ type }),
    ),
  ];
}

/** @param {number} limit */
function more(limit) {
  if (limit >= MOST_SHOWN)
    return h("p", { class: "more" }, `The newest ${MOST_SHOWN} are shown; narrow them down to see others.`);
  const show = () => {
    update({ jobFilter: { ...shown.jobFilter, limit: Math.min(limit * 2, MOST_SHOWN) } });
    void refresh();
  };
  return h("p", { class: "more" }, button("Show more", show));
}

/**
 * @param {State} state
 * @param {JobItem} listed
 * @param {number} nowMs
 */
function item(state, listed, nowMs) {
  const { id } = listed;
  const whole = state.opened.get(id);
  const onToggle = (/** @type {Event & { currentTarget: HTMLDetailsElement }} */ event) => {
    if (!event.currentTarget.open) forget(id);
    else if (!state.opened.has(id)) void openWhole("jobs", id);
  };
  return h("details", { key: id, id: `item-${id}`, class: "item", onToggle }, [
    h("summary", null, [
      h("span", { class: "what" }, [
        badge(listed.status, TONES[listed.status]),
        h("strong", null, listed.type),
        listed.step === null ? null : h("span", { class: "extra" }, `step ${listed.step}`),
        h("code", null, id),
      ]),
      h("span", { class: "when" }, [
        h("span", { class: "extra" }, `${listed.attempts} of ${listed.maxAttempts} attempts`),
        timeOf(listed, nowMs),
      ]),
    ]),
    whole !== undefined && !("originalJobId" in whole)
      ? body(state, whole, nowMs)
      : noticeLine(state.notices.get(id)),
  ]);
}

/**
 * @param {JobItem} job
 * @param {number} nowMs
 */
function timeOf(job, nowMs) {
  return moment(job.status === "scheduled" ? job.scheduledAt : job.updatedAt, nowMs);
}

/**
 * @param {State} state
 * @param {JobJson} stored
 * @param {number} nowMs
 */
function body(state, stored, nowMs) {
  const { id, workflowId, keyId } = stored;
  const job = { ...stored, ...state.decrypted.get(id) };
  return h("div", { class: "body" }, [
    h("div", { class: "buttons" }, [
      CANCELLABLE.has(job.status)
        ? button("Cancel…", () => askToCancel(job), { tone: "danger", disabled: state.busy.has(id) })
        : null,
      button("Watch its events", () => watchJob(id)),
      workflowId === null ? null : button("Show its workflow", () => showJobs({ workflow: workflowId })),
      keyId === null
        ? null
        : state.decrypted.has(id)
          ? button("Hide plain text", () => hidePlaintext(id))
          : button("Decrypt", () => void decrypt("jobs", id), { disabled: state.busy.has(id) }),
    ]),
    noticeLine(state.notices.get(id)),
    factList([
      ["Enqueued", moment(job.createdAt, nowMs)],
      ["Due", moment(job.scheduledAt, nowMs)],
      ["Completed", job.completedAt === null ? null : moment(job.completedAt, nowMs)],
      ["Slot", job.slotAt === null ? null : moment(job.slotAt, nowMs)],
      ["Attempts", `${job.attempts} of ${job.maxAttempts}`],
      ["Snoozed", job.snoozes === 0 ? null : job.snoozes === 1 ? "once" : `${job.snoozes} times`],
      ["Priority", String(job.priority)],
      ["Worker", job.lockedBy === null ? null : h("code", null, job.lockedBy)],
      ["Workflow", workflowId === null ? null : h("code", null, workflowId)],
      ["Step", job.step],
      ["Encrypted with key", keyId],
    ]),
    job.lastError === null ? null : verbatim("Last error", job.lastError, "error"),
    jsonBlock("Payload", job.payload),
    job.result === null ? null : jsonBlock("Result", job.result),
    ...runReports(job.reports, nowMs),
    attemptTable(job.history, nowMs),
  ]);
}
