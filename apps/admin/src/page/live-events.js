// The connection that events come over. It is open only while the reader wants it and can see the page, as being
// listened to costs the queue a row for each change of a job.
/** @import { EventJson } from "./json.js" */
/** @import { Live, LiveLine } from "./state.js" */
import { state, update } from "./state.js";

const MOST_LINES = 200;
/** Lines are shown together: a busy queue has more events in a second than a page can be drawn. */
const SHOW_EVERY_MS = 250;

/** @type {EventSource | null} */
let source = null;
/** What has come and is not shown yet, newest first. @type {LiveLine[]} */
let fresh = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let showing;
let lastKey = 0;

/** @param {Partial<Live>} changes */
function set(changes) {
  update({ live: { ...state.live, ...changes } });
}

/** @param {{ type?: string, job?: string }} [filter] what is left out stays as it is */
export function listen(filter = {}) {
  set({ ...filter, status: "connecting" });
  connect("");
}

export function stopListening() {
  disconnect();
  set({ status: "off", isPaused: false });
}

/** @param {boolean} isPaused */
export function pauseEvents(isPaused) {
  set({ isPaused });
  show();
}

export function clearEvents() {
  fresh = [];
  set({ lines: [], held: 0 });
}

/** @param {string} gap what is to be said of the time before */
function connect(gap) {
  disconnect();
  const { type, job } = state.live;
  const query = new URLSearchParams([
    ...(type === "" ? [] : [["type", type]]),
    ...(job === "" ? [] : [["job", job]]),
  ]);
  const opened = new EventSource(`/admin/events?${query}`);
  source = opened;
  let missing = gap;
  opened.addEventListener("listening", () => {
    if (missing !== "") add({ gap: missing });
    missing = "The connection was lost; what happened meanwhile is not shown.";
    set({ status: "on" });
  });
  opened.addEventListener("message", ({ data }) => add(lineOf(JSON.parse(data))));
  opened.addEventListener("error", () => {
    // Closed: it was refused and does not come again by itself.
    set({ status: opened.readyState === EventSource.CLOSED ? "refused" : "lost" });
  });
}

function disconnect() {
  source?.close();
  source = null;
  show();
}

/**
 * @param {EventJson | { readonly kind: "missed", readonly count: number | null }} told
 * @returns {{ event: EventJson } | { gap: string }}
 */
function lineOf(told) {
  if (told.kind !== "missed") return { event: told };
  return {
    gap: `${told.count === null ? "Some" : `Up to ${told.count}`} events were missed here: too many at once.`,
  };
}

/** @param {{ event: EventJson } | { gap: string }} line */
function add(line) {
  lastKey += 1;
  fresh.unshift({ ...line, key: lastKey });
  if (fresh.length > 2 * MOST_LINES) fresh.length = MOST_LINES;
  if (state.live.isPaused) set({ held: state.live.held + 1 });
  showing ??= setTimeout(show, SHOW_EVERY_MS);
}

function show() {
  clearTimeout(showing);
  showing = undefined;
  if (state.live.isPaused || fresh.length === 0) return;
  set({ lines: [...fresh, ...state.live.lines].slice(0, MOST_LINES), held: 0 });
  fresh = [];
}

document.addEventListener("visibilitychange", () => {
  const { status } = state.live;
  if (document.hidden && (status === "connecting" || status === "on" || status === "lost")) {
    disconnect();
    set({ status: "away" });
  } else if (!document.hidden && status === "away") {
    set({ status: "connecting" });
    connect("This page was out of sight; what happened meanwhile is not shown.");
  }
});
