/** @import { Snapshot } from "./json.js" */
import { badge, heads, moment, nothing, section } from "./parts.js";
import { h } from "./preact.js";

/** An idle worker shows itself every 15 s; three missed are a bad sign, in milliseconds. */
const SILENT_MS = 45_000;

/**
 * @param {Snapshot["workers"]["items"][number]} worker
 * @param {number} nowMs
 */
export function isSilent({ seenAt }, nowMs) {
  return nowMs - Date.parse(seenAt) > SILENT_MS;
}

/** The worker processes that have been seen. @param {Snapshot} snapshot */
export function workers({ workers: list, atMs }) {
  return section(
    { id: "workers", title: "Workers", count: String(list.items.length) },
    list.items.length === 0
      ? nothing("No worker runs, so nothing is being processed.")
      : h("div", { class: "scroll" }, [
          h("table", null, [
            h("thead", null, h("tr", null, heads(["Worker", "Running", "Seen", "Started"], ["Running"]))),
            h(
              "tbody",
              null,
              list.items.map((worker) =>
                h("tr", { key: worker.id }, [
                  h("th", { scope: "row", class: "mono" }, worker.id),
                  h("td", { class: "number" }, String(worker.running)),
                  h("td", null, [
                    moment(worker.seenAt, atMs),
                    isSilent(worker, atMs) ? badge("silent", "bad") : null,
                  ]),
                  h("td", null, moment(worker.startedAt, atMs)),
                ]),
              ),
            ),
          ]),
        ]),
  );
}
