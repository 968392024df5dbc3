/** @import { Snapshot } from "./json.js" */
/** @import { Live, LiveLine, State } from "./state.js" */
import { formatMoment, formatNumber, formatTime } from "./format.js";
import { showJob } from "./jobs.js";
import { clearEvents, listen, pauseEvents, stopListening } from "./live-events.js";
import { badge, button, choice, nothing, section } from "./parts.js";
import { h } from "./preact.js";

/** @type {Readonly<Record<string, "neutral" | "good" | "warn" | "bad" | "busy">>} */
const TONES = {
  started: "busy",
  progressed: "busy",
  completed: "good",
  retried: "warn",
  dead: "bad",
  cancelled: "warn",
};

const OFF =
  "Not listening. While somebody listens, each change of a job writes one row more, which makes the queue a little " +
  "slower; otherwise nothing is written.";

const STANDINGS = {
  off: "",
  connecting: "Connecting…",
  on: "Listening to all processes.",
  away: "Not listening while this page is out of sight.",
  lost: "The connection is lost; trying again.",
  refused: "Not listening: the server refused it. Too many may be watching, or you are no longer logged in.",
};

/**
 * What happens to jobs, as it happens, if the reader wants to know.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function events({ live }, { stats }) {
  const isOn = live.status !== "off" && live.status !== "refused";
  return section({ id: "events", title: "Events", tools: isOn ? tools(live, stats) : start() }, [
    live.status === "off"
      ? nothing(OFF)
      : h("p", { class: "more", role: "status" }, [
          STANDINGS[live.status],
          live.isPaused ? ` Paused; ${formatNumber(live.held)} have come since.` : "",
        ]),
    live.lines.length === 0
      ? null
      : h("ol", { class: "events", tabIndex: 0, "aria-label": "Events" }, live.lines.map(line)),
  ]);
}

function start() {
  return button("Listen", () => listen());
}

/**
 * @param {Live} live
 * @param {Snapshot["stats"]} stats
 */
function tools(live, stats) {
  const types = new Set(stats.byType.map(({ type }) => type));
  if (live.type !== "") types.add(live.type);
  return [
    button("Pause", () => pauseEvents(!live.isPaused), { pressed: live.isPaused, label: "Pause events" }),
    button("Clear", clearEvents),
    button("Stop listening", stopListening),
    choice(
      "Type",
      live.type,
      [["", "all types"], ...[...types].sort().map((type) => /** @type {const} */ ([type, type]))],
      (type) => listen({ type }),
    ),
    h("input", {
      key: live.job,
      type: "search",
      "aria-label": "Job id",
      placeholder: "Job id",
      pattern: "[\\w\\-]{1,100}",
      title: "The id of a job",
      defaultValue: live.job,
      onChange: (/** @type {Event & { currentTarget: HTMLInputElement }} */ event) => {
        if (event.currentTarget.reportValidity()) listen({ job: event.currentTarget.value });
      },
    }),
  ];
}

/** @param {LiveLine} line */
function line(line) {
  if ("gap" in line) return h("li", { key: line.key, class: "gap" }, line.gap);
  const { kind, at, type, jobId, attempt, error, progress } = line.event;
  return h("li", { key: line.key }, [
    h("time", { dateTime: at, title: formatMoment(at) }, formatTime(at)),
    badge(kind, TONES[kind]),
    h("strong", null, type),
    h(
      "button",
      {
        type: "button",
        class: "inline mono",
        onClick: () => void showJob(jobId),
        "aria-label": `Show job ${jobId}`,
      },
      jobId,
    ),
    attempt === null ? null : h("span", { class: "note" }, `run ${attempt}`),
    progress === null
      ? null
      : h(
          "span",
          { class: "note" },
          typeof progress === "number" ? `${progress}%` : JSON.stringify(progress),
        ),
    error === null ? null : h("span", { class: "error" }, error.split("\n", 1)[0]),
  ]);
}
