/** @import { Snapshot } from "./json.js" */
/** @import { State } from "./state.js" */
import { badge, button, heads, moment, nothing, noticeLine, section } from "./parts.js";
import { h } from "./preact.js";
import { askToRemoveSchedule, runNow, turnSchedule } from "./schedule-actions.js";
import { openSchedule } from "./schedule-dialog.js";

/** A scheduler looks every second; one this late is not there, in milliseconds. */
const LATE_MS = 60_000;

/**
 * What runs by the clock, and when.
 * @param {State} state
 * @param {Snapshot} snapshot
 */
export function schedules({ busy, notices }, { schedules: list, atMs }) {
  return section(
    { id: "schedules", title: "Schedules" },
    list.items.length === 0
      ? nothing("No schedule is registered. A scheduler does that when it starts.")
      : h("div", { class: "scroll" }, [
          h("table", null, [
            h("thead", null, h("tr", null, heads(["Schedule", "Last run", "Next run", ""]))),
            h(
              "tbody",
              null,
              list.items.map((schedule) =>
                h("tr", { key: schedule.id }, [
                  h("th", { scope: "row" }, [
                    schedule.id,
                    schedule.isActive ? null : badge("paused", "warn"),
                    h("div", { class: "note" }, [
                      h("code", null, schedule.expression),
                      ` ${schedule.timeZone}`,
                    ]),
                  ]),
                  h("td", null, schedule.lastRunAt === null ? "never" : moment(schedule.lastRunAt, atMs)),
                  h("td", null, nextRun(schedule, atMs)),
                  h("td", { class: "number" }, [
                    h("div", { class: "buttons" }, [
                      button("Run now", () => void runNow(schedule.id), {
                        label: `Run ${schedule.id} now`,
                        disabled: busy.has(`schedule ${schedule.id}`),
                      }),
                      button("Edit…", () => openSchedule(schedule), {
                        label: `Edit the schedule ${schedule.id}`,
                      }),
                      pauseTool(schedule, busy.has(`schedule ${schedule.id}`)),
                      button("Remove…", () => askToRemoveSchedule(schedule.id), {
                        tone: "danger",
                        label: `Remove the schedule ${schedule.id}`,
                        disabled: busy.has(`schedule ${schedule.id}`),
                      }),
                    ]),
                    noticeLine(notices.get(`schedule ${schedule.id}`)),
                  ]),
                ]),
              ),
            ),
          ]),
        ]),
  );
}

/**
 * @param {Snapshot["schedules"]["items"][number]} schedule
 * @param {boolean} disabled
 */
function pauseTool({ id, isActive }, disabled) {
  const verb = isActive ? "Pause" : "Resume";
  const act = () => void turnSchedule(isActive ? "pause" : "resume", id);
  return button(verb, act, { label: `${verb} the schedule ${id}`, disabled });
}

/**
 * @param {Snapshot["schedules"]["items"][number]} schedule
 * @param {number} nowMs
 */
function nextRun({ isActive, nextRunAt }, nowMs) {
  if (!isActive) return "–";
  const isLate = nowMs - Date.parse(nextRunAt) > LATE_MS;
  return [moment(nextRunAt, nowMs), isLate ? badge("overdue: no scheduler runs", "bad") : null];
}
