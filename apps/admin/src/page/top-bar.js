/** @import { Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import { change } from "./api.js";
import { formatSpan } from "./format.js";
import { badge, button } from "./parts.js";
import { h } from "./preact.js";
import { isSilent } from "./workers.js";

/** Two looks missed: from then on the numbers may mislead. */
const STALE_SECONDS = 12;

const HEALTH_TONES = /** @type {const} */ ({
  healthy: "good",
  degraded: "warn",
  unhealthy: "bad",
  unknown: "neutral",
});

/** @param {State} state */
export function topBar(state) {
  const health = state.snapshot === null ? null : healthOf(state, state.snapshot);
  return h("header", { class: "top" }, [
    h("h1", null, "Holdfast"),
    health === null ? null : badge(health, HEALTH_TONES[health]),
    linkState(state),
    button("Log out", () => void logOut()),
  ]);
}

/** What is wrong with the queue, and with what this page knows of it. @param {State} state */
export function alerts(state) {
  const issues = state.snapshot === null ? [] : issuesOf(state.snapshot);
  return h("div", { class: "alerts" }, [
    isStale(state)
      ? h("p", { class: "alert lost", role: "alert", key: "link" }, [
          h("strong", null, "Not up to date. "),
          state.snapshot === null ? "" : `These numbers are ${ageOf(state)} old. `,
          state.problem === "" ? "The server does not answer in time" : sentence(state.problem),
          "; trying again every few seconds.",
        ])
      : null,
    issues.length === 0
      ? null
      : h(
          "ul",
          { class: "alert issues", key: "issues" },
          issues.map((issue) => h("li", { key: issue }, sentence(issue))),
        ),
  ]);
}

/**
 * The queue's own issues, and what only a look at its workers tells.
 * @param {Snapshot} snapshot
 */
function issuesOf(snapshot) {
  const isPaused = snapshot.stats.paused.queueSince !== null;
  const pause = isPaused ? ["the queue is paused: no worker takes a job"] : [];
  const issues = [...pause, ...snapshot.health.issues];
  return isStuck(snapshot) ? [...issues, "jobs are pending and no worker is there to run them"] : issues;
}

/**
 * The server's verdict, unless it is old, or praises a queue that nobody works on.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
function healthOf(state, snapshot) {
  const { status } = snapshot.health;
  return isStale(state) || (status === "healthy" && isStuck(snapshot)) ? "unknown" : status;
}

/** @param {State} state */
function isStale({ link, ageSeconds }) {
  return link === "lost" || (link === "live" && ageSeconds > STALE_SECONDS);
}

/** @param {Snapshot} snapshot */
function isStuck({ stats, workers, atMs }) {
  return stats.queue.pending > 0 && workers.items.every((worker) => isSilent(worker, atMs));
}

/** @param {State} state */
function linkState(state) {
  const isLive = state.link === "live" && state.ageSeconds <= STALE_SECONDS;
  const text =
    state.link === "connecting"
      ? "connecting…"
      : isLive
        ? `live, ${state.ageSeconds} s ago`
        : `${ageOf(state)} old`;
  return h("span", { class: `link ${isLive ? "live" : "lost"}` }, [h("i", { "aria-hidden": "true" }), text]);
}

/** @param {State} state */
function ageOf({ ageSeconds }) {
  return formatSpan(ageSeconds * 1_000);
}

/** @param {string} text */
function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function logOut() {
  // The answer is a redirect to the login page, which fetch follows; the browser is sent there either way.
  await change("POST", "/admin/logout").catch(() => null);
  location.assign("/login");
}
