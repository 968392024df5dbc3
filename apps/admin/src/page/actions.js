/** @import { LimitItem } from "./json.js" */
import { change, RequestFailedError } from "./api.js";
import { readWhole, refresh } from "./refresh.js";
import { state, update, withEntry, withItem } from "./state.js";

/** @param {{ id: string, type: string }} deadLetter */
export async function retry({ id, type }) {
  const done = await act(id, () => change("POST", `/admin/dead-letters/${id}/retry`));
  if (!done) return;
  update({ editing: withItem(state.editing, id, false) });
  announce(`${type} is pending again and will run next`);
}

/** Not asked about first, as Undo takes it back. @param {{ id: string, type: string }} deadLetter */
export async function discard({ id, type }) {
  const done = await act(id, () => change("POST", `/admin/dead-letters/${id}/discard`));
  if (!done) return;
  update({ editing: withItem(state.editing, id, false) });
  announce(`${type} was discarded`, () => putBack({ id, type }));
}

/** @param {{ id: string, type: string }} discarded */
export async function putBack({ id, type }) {
  await act("dead-letters", async () => {
    await change("POST", `/admin/discarded/${id}/put-back`);
    announce(`${type} is a dead letter again`);
  });
}

/** @param {{ id: string, type: string, originalJobId: string }} discarded */
export function askToErase({ id, type, originalJobId }) {
  update({
    confirming: {
      title: `Delete this ${type} for good?`,
      text: `${originalJobId} goes at once, with its payload and history. This cannot be undone.`,
      verb: "Delete for good",
      isDeletion: true,
      run: async () => {
        await act("dead-letters", async () => {
          await change("DELETE", `/admin/discarded/${id}`);
          announce(`${type} is deleted`);
        });
      },
    },
  });
}

/**
 * @param {string} id
 * @param {boolean} reviewed
 */
export async function review(id, reviewed) {
  await act(id, () => change("PATCH", `/admin/dead-letters/${id}`, { reviewed }));
}

/**
 * @param {string} id
 * @param {string} notes
 */
export async function saveNotes(id, notes) {
  const done = await act(id, () =>
    change("PATCH", `/admin/dead-letters/${id}`, { notes: notes === "" ? null : notes }),
  );
  if (done) notify(id, { kind: "done", text: "Note saved" });
}

/**
 * @param {string} id
 * @param {string} text JSON as it was typed
 */
export async function savePayload(id, text) {
  let payload;
  try {
    payload = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    notify(id, { kind: "failed", text: `This is no JSON: ${error.message}` });
    return;
  }
  const done = await act(id, () => change("PATCH", `/admin/dead-letters/${id}`, { payload }));
  if (!done) return;
  // What was decrypted is no longer what is stored.
  update({
    editing: withItem(state.editing, id, false),
    decrypted: withEntry(state.decrypted, id, undefined),
  });
  notify(id, {
    kind: "done",
    text: "Payload saved. A retry now is new work: steps already done run again, under a new idempotency key.",
  });
}

/**
 * Asks for the plain text of what is encrypted; it stays on the page until it is hidden or closed.
 * @param {"dead-letters" | "jobs"} kind
 * @param {string} id
 */
export async function decrypt(kind, id) {
  await act(id, async () => {
    const { payload, presentPayload, result, lastError, history, reports } = await change(
      "POST",
      `/admin/${kind}/${id}/decrypt`,
    );
    const plain = { payload, presentPayload, result, lastError, history, reports };
    update({ decrypted: withEntry(state.decrypted, id, plain) });
  });
}

/** @param {string} id */
export function hidePlaintext(id) {
  update({
    decrypted: withEntry(state.decrypted, id, undefined),
    editing: withItem(state.editing, id, false),
  });
}

/**
 * @param {string} id of what the notice is about
 * @param {string | null} known its name; null if the form has it
 * @param {FormData} form
 */
export async function saveLimit(id, known, form) {
  const text = (/** @type {string} */ field) => {
    const typed = form.get(field);
    return typeof typed === "string" ? typed.trim() : "";
  };
  const name = known ?? text("name");
  if (name === "") {
    notify(id, {
      kind: "failed",
      text: "Not done: name a type, or a limit that types share",
    });
    return;
  }
  const perKey = paceIn(text, "key-");
  const isPerKey = perKey.rate !== undefined || perKey.concurrency !== undefined;
  const bounds = { ...paceIn(text, ""), ...(isPerKey && { perKey }) };
  const done = await act(id, () => change("PUT", `/admin/limits/${encodeURIComponent(name)}`, bounds));
  if (!done) return;
  update({ editedLimit: null });
  announce(`The limit ${name} holds from now on`);
}

/**
 * What was typed as it is: whether it can be is for the server to say, field by field.
 * @param {(field: string) => string} text
 * @param {string} prefix
 */
function paceIn(text, prefix) {
  const number = (/** @type {string} */ field) => {
    const typed = text(prefix + field);
    return typed === "" ? undefined : Number(typed);
  };
  const [limit, seconds, burst] = [number("limit"), number("seconds"), number("burst")];
  const periodMs = seconds === undefined ? undefined : Math.round(seconds * 1_000);
  const isRated = limit !== undefined || periodMs !== undefined || burst !== undefined;
  return { rate: isRated ? { limit, periodMs, burst } : undefined, concurrency: number("concurrency") };
}

/**
 * @param {string} id what the notice is about
 * @param {string | null} known the group; null if it is typed
 * @param {FormData} form
 */
export async function saveWeight(id, known, form) {
  const text = (/** @type {string} */ field) => {
    const typed = form.get(field);
    return typeof typed === "string" ? typed.trim() : "";
  };
  const groupKey = known ?? text("key");
  const typed = text("weight");
  if (groupKey === "" || typed === "" || Number.isNaN(Number(typed))) {
    const missing = groupKey === "" ? "name a group" : "a weight is a number";
    notify(id, { kind: "failed", text: `Not done: ${missing}` });
    return;
  }
  const weight = Number(typed);
  const done = await act(id, () => change("PUT", "/admin/group-weights", { groupKey, weight }));
  if (!done) return;
  update({ editedGroup: null });
  announce(`The group ${groupKey} has the weight ${weight} from now on`);
}

/** Not asked about first, as Undo takes it back. @param {LimitItem} limit */
export async function liftLimit(limit) {
  const { name } = limit;
  await act(`limit ${name}`, async () => {
    await change("DELETE", `/admin/limits/${name}`);
    announce(`The limit ${name} is lifted`, () => setAgain(limit));
  });
}

/** @param {LimitItem} limit as it was */
async function setAgain(limit) {
  const { name, isEdited, declared, perKey, ...all } = limit;
  const paceOf = (/** @type {Pick<LimitItem, "rate" | "concurrency">} */ { rate, concurrency }) => ({
    ...(rate && { rate }),
    ...(concurrency && { concurrency }),
  });
  // What goes wrong is told by the list: the limit's own row may be gone.
  const done = await act("limits", async () => {
    if (declared !== null && !isEdited) await change("POST", `/admin/limits/${name}/reset`);
    else
      await change("PUT", `/admin/limits/${name}`, {
        ...paceOf(all),
        ...(perKey && { perKey: paceOf(perKey) }),
      });
    announce(`The limit ${name} holds again`);
  });
  if (!done) announce(`The limit ${name} is still lifted`, () => setAgain(limit));
}

/** @param {string} name */
export async function resetLimit(name) {
  await act(`limit ${name}`, async () => {
    await change("POST", `/admin/limits/${name}/reset`);
    announce(`The limit ${name} is as in the code`);
  });
}

/**
 * Not asked about first, as Resume takes it back.
 * @param {"pause" | "resume"} verb
 * @param {string | null} type null for the whole queue
 */
export async function turn(verb, type) {
  await act(`pause ${type ?? ""}`, async () => {
    await change("POST", `/admin/queue/${verb}`, type === null ? {} : { type });
    const what = type ?? "The queue";
    announce(verb === "pause" ? `${what} is paused; what runs goes on` : `${what} goes on`);
  });
}

/** @param {string} id */
async function cancel(id) {
  await act(id, async () => {
    const { status } = await change("POST", `/admin/jobs/${id}/cancel`);
    const text = status === "cancelled" ? "Cancelled" : "Told to stop; it ends when its handler does";
    notify(id, { kind: "done", text });
  });
}

/** @param {{ id: string, type: string, status: string }} job */
export function askToCancel({ id, type, status }) {
  const meaning =
    status === "processing"
      ? "Its handler is told to stop, and may still complete it."
      : "It never runs, nor do jobs that wait for it, unless they go on without it.";
  update({
    confirming: {
      title: `Cancel this ${type}?`,
      text: `${meaning} This cannot be undone.`,
      verb: "Cancel the job",
      isDeletion: true,
      run: () => cancel(id),
    },
  });
}

/** @param {string} id */
export async function retryWorkflow(id) {
  await act(id, async () => {
    const { status } = await change("POST", `/admin/workflows/${id}/retry`);
    notify(id, { kind: "done", text: `What had failed is pending again; the workflow is ${status}` });
  });
}

/** @param {string} id */
async function cancelWorkflow(id) {
  await act(id, async () => {
    const { status } = await change("POST", `/admin/workflows/${id}/cancel`);
    const text = status === "running" ? "Told to stop; it ends when its running handlers do" : "Cancelled";
    notify(id, { kind: "done", text });
  });
}

/** @param {{ id: string, total: number, progress: number }} workflow */
export function askToCancelWorkflow({ id, total, progress }) {
  const open = total - Math.round(total * progress);
  update({
    confirming: {
      title: "Cancel this workflow?",
      text: [
        `${open} of ${total} jobs of ${id} have not ended.`,
        "They are called off, with what running ones still add. This cannot be undone.",
      ].join(" "),
      verb: "Cancel the workflow",
      isDeletion: true,
      run: () => cancelWorkflow(id),
    },
  });
}

/**
 * Reads a resource whole, with its history, as lists cut what is long; each refresh reads it again while it is open.
 * @param {"dead-letters" | "jobs"} kind
 * @param {string} id
 */
export async function openWhole(kind, id) {
  try {
    update({ opened: withEntry(state.opened, id, await readWhole(kind, id)) });
  } catch (error) {
    notify(id, failed(error));
  }
}

/** @param {string} id */
export function forget(id) {
  update({
    opened: withEntry(state.opened, id, undefined),
    decrypted: withEntry(state.decrypted, id, undefined),
    notices: withEntry(state.notices, id, undefined),
  });
}

/**
 * Does one thing to one subject at a time, then looks again.
 * @param {string} id
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} whether it was done
 */
export async function act(id, work) {
  if (state.busy.has(id)) return false;
  update({ busy: withItem(state.busy, id, true), notices: withEntry(state.notices, id, undefined) });
  try {
    await work();
    await refresh();
    return true;
  } catch (error) {
    const told = failed(error);
    notify(id, told);
    if (error instanceof RequestFailedError && error.status === 404) {
      // What it is about is gone, and what is told there goes with it.
      update({ announcement: told, undo: null });
      await refresh();
    }
    return false;
  } finally {
    update({ busy: withItem(state.busy, id, false) });
  }
}

/**
 * @param {string} id
 * @param {import("./state.js").Notice} notice
 */
export function notify(id, notice) {
  update({ notices: withEntry(state.notices, id, notice) });
}

/**
 * @param {string} text
 * @param {() => Promise<void>} [undo] takes back what it tells
 */
export function announce(text, undo) {
  update({ announcement: { kind: "done", text }, undo: undo ?? null });
}

/** The reader has seen what was told at the foot of the page. */
export function dismiss() {
  update({ announcement: null, undo: null });
}

/**
 * @param {unknown} error
 * @returns {import("./state.js").Notice}
 */
export function failed(error) {
  if (!(error instanceof RequestFailedError)) throw error;
  const details = error.details.map(({ field, message }) => `${field}: ${message}`);
  return { kind: "failed", text: `Not done: ${error.message}`, details };
}

/** The keyboard goes on from the heading of the dead letters, as those that it was on may all be gone. */
export function focusOnDeadLetters() {
  document.getElementById("dead-letters-heading")?.focus({ preventScroll: true });
}
