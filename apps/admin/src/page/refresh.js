/** @import { DeadLetterJson, JobJson, Snapshot } from "./json.js" */
import { RequestFailedError, read } from "./api.js";
import { asQuery } from "./dead-letter-filter.js";
import { state, update, withEntry } from "./state.js";

/** R26 asks for at least every five seconds. */
const EVERY_SECONDS = 5;

/** Ten minutes of the trend: one point per look. */
const TREND_POINTS = (10 * 60) / EVERY_SECONDS;

let looking = false;
let lookAgain = false;

/** Looks at the server every few seconds while the page can be seen, and at once when it comes back into sight. */
export function startRefreshing() {
  let untilNext = EVERY_SECONDS;
  setInterval(() => {
    update({ ageSeconds: state.ageSeconds + 1 });
    untilNext -= 1;
    if (untilNext > 0 || document.hidden) return;
    untilNext = EVERY_SECONDS;
    void refresh();
  }, 1_000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void refresh();
  });
  void refresh();
}

/** Looks at the server now; a look asked for while one is under way follows it, so that it sees the last change. */
export async function refresh() {
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  try {
    const snapshot = await readSnapshot();
    const { pending, processingRatePerMinute: ratePerMinute } = snapshot.stats.queue;
    const trend = [...state.trend, { pending, ratePerMinute }].slice(-TREND_POINTS);
    update({ snapshot, trend, link: "live", ageSeconds: 0, problem: "" });
    await refreshOpened();
  } catch (error) {
    update({ link: "lost", problem: error instanceof Error ? error.message : String(error) });
  } finally {
    looking = false;
  }
  if (lookAgain) {
    lookAgain = false;
    await refresh();
  }
}

/** @returns {Promise<Snapshot>} */
async function readSnapshot() {
  const { deadLetterFilter, historyMinutes, jobFilter } = state;
  const [
    stats,
    health,
    history,
    deadLetters,
    discarded,
    failures,
    schedules,
    limits,
    groups,
    workers,
    jobs,
    workflow,
  ] = await Promise.all([
    read("/admin/queue/stats"),
    read("/admin/queue/health"),
    read(`/admin/queue/history?${historyQuery(historyMinutes)}`),
    read(
      `/admin/dead-letters?${query({ ...asQuery(deadLetterFilter), limit: String(deadLetterFilter.limit) })}`,
    ),
    state.showsDiscarded ? read("/admin/discarded?limit=25") : null,
    read("/admin/failures?limit=20"),
    read("/admin/schedules"),
    read("/admin/limits"),
    read("/admin/groups"),
    read("/admin/workers"),
    read(`/admin/jobs?${query({ ...jobFilter, limit: String(jobFilter.limit) })}`),
    readWorkflow(jobFilter.workflow),
  ]);
  return {
    atMs: stats.atMs,
    stats: stats.body,
    health: health.body,
    history: history.body,
    deadLetters: deadLetters.body,
    discarded: discarded?.body ?? null,
    failures: failures.body,
    schedules: schedules.body,
    limits: limits.body,
    groups: groups.body,
    workers: workers.body,
    jobs: jobs.body,
    workflow,
  };
}

/**
 * @param {string} id empty for none
 * @returns {Promise<Snapshot["workflow"]>}
 */
async function readWorkflow(id) {
  if (id === "") return null;
  try {
    return (await read(`/admin/workflows/${id}`)).body;
  } catch (error) {
    // Its jobs may have been deleted since: the list says that there is none.
    if (isGone(error)) return null;
    throw error;
  }
}

/** About sixty to a hundred and fifty points, whatever the span. @param {string} minutes */
function historyQuery(minutes) {
  return query({ minutes, step: minutes === "60" ? "1" : "10" });
}

/** @param {Readonly<Record<string, string>>} parameters empty ones are left out */
function query(parameters) {
  return new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ""));
}

/**
 * @param {"dead-letters" | "jobs"} kind
 * @param {string} id
 * @returns {Promise<DeadLetterJson | JobJson>}
 */
export async function readWhole(kind, id) {
  const { body } = await read(`/admin/${kind}/${id}`);
  return body;
}

/**
 * What is laid open is read again. What has gone since stays as it was last seen; a dead letter does so only while it
 * is being edited, as its item has gone with it and nobody could close it.
 */
async function refreshOpened() {
  const read = [...state.opened].map(async ([id, whole]) => {
    const isDeadLetter = "originalJobId" in whole;
    const fresh = await readWhole(isDeadLetter ? "dead-letters" : "jobs", id).catch((error) =>
      isDeadLetter && isGone(error) && !state.editing.has(id) ? undefined : whole,
    );
    return /** @type {const} */ ([id, fresh]);
  });
  const fresh = await Promise.all(read);
  if (fresh.length === 0) return;
  // Some may have been closed, or others opened, in the meantime.
  let { opened, decrypted, notices } = state;
  for (const [id, whole] of fresh) {
    if (opened.has(id)) opened = withEntry(opened, id, whole);
    if (whole !== undefined) continue;
    decrypted = withEntry(decrypted, id, undefined);
    notices = withEntry(notices, id, undefined);
  }
  update({ opened, decrypted, notices });
}

/** @param {unknown} error */
function isGone(error) {
  return error instanceof RequestFailedError && error.status === 404;
}
