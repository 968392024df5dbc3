// The page's entry: what is shown follows from the state; Preact changes only what differs, so what the reader has
// opened, selected, scrolled to or typed stays as it is.
import { announcement, undoByKey } from "./announcement.js";
import { confirmDialog } from "./confirm-dialog.js";
import { deadLetters } from "./dead-letters.js";
import { events } from "./events.js";
import { failures } from "./failures.js";
import { groupDialog } from "./group-dialog.js";
import { groups } from "./groups.js";
import { history } from "./history.js";
import { jobTypes } from "./job-types.js";
import { jobs } from "./jobs.js";
import { keepFocus } from "./keep-focus.js";
import { limitDialog } from "./limit-dialog.js";
import { limits } from "./limits.js";
import { numbers } from "./numbers.js";
import { h, render } from "./preact.js";
import { startRefreshing } from "./refresh.js";
import { retryManyDialog } from "./retry-many-dialog.js";
import { scheduleDialog } from "./schedule-dialog.js";
import { schedules } from "./schedules.js";
import { onChange, state } from "./state.js";
import { alerts, topBar } from "./top-bar.js";
import { workers } from "./workers.js";

function page() {
  const { snapshot } = state;
  return [
    topBar(state),
    h("main", null, [
      alerts(state),
      snapshot === null
        ? null
        : [
            numbers(snapshot, state.trend),
            history(state, snapshot),
            h("div", { class: "columns" }, [
              h("div", { class: "column wide" }, [
                deadLetters(state, snapshot),
                failures(snapshot),
                events(state, snapshot),
                jobs(state, snapshot),
              ]),
              h("div", { class: "column" }, [
                jobTypes(state, snapshot),
                limits(state, snapshot),
                groups(snapshot),
                schedules(state, snapshot),
                workers(snapshot),
              ]),
            ]),
          ],
    ]),
    announcement(state),
    scheduleDialog(state),
    limitDialog(state),
    groupDialog(state),
    retryManyDialog(state),
    confirmDialog(state),
  ];
}

const root = document.getElementById("page");
if (root === null) throw new Error("The document has no element with id page");
onChange(() => {
  keepFocus(() => render(page(), root));
  const unreviewed = state.snapshot?.stats.deadLetterQueue.unreviewed ?? 0;
  document.title = unreviewed === 0 ? "Holdfast" : `(${unreviewed}) Holdfast`;
});
document.addEventListener("keydown", undoByKey);
startRefreshing();
