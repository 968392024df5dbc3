// What an operator does to schedules.
import { act, announce, notify } from "./actions.js";
import { change } from "./api.js";
import { update } from "./state.js";

/** @param {string} id */
export async function runNow(id) {
  await act(`schedule ${id}`, async () => {
    await change("POST", `/admin/schedules/${id}/run`);
    announce(`${id} is pending and will run next`);
  });
}

/**
 * @param {"pause" | "resume"} verb
 * @param {string} id
 */
export async function turnSchedule(verb, id) {
  await act(`schedule ${id}`, async () => {
    await change("POST", `/admin/schedules/${id}/${verb}`);
    announce(verb === "pause" ? `${id} is paused` : `${id} goes on with its next run`);
  });
}

/**
 * @param {{ id: string, version: number }} schedule
 * @param {FormData} form
 */
export async function saveSchedule({ id, version }, form) {
  const text = form.get("payload");
  const catchUp = form.get("catchUp");
  const times = {
    expression: form.get("expression"),
    timeZone: form.get("timeZone"),
    overlap: form.get("overlap"),
    // What is bounded by numbers is not chosen here, but stays.
    ...((catchUp === "skip" || catchUp === "once") && { catchUp }),
  };
  let payload;
  try {
    payload = typeof text === "string" ? { payload: JSON.parse(text) } : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    notify(`schedule ${id}`, { kind: "failed", text: `This is no JSON: ${error.message}` });
    return;
  }
  const done = await act(`schedule ${id}`, () =>
    change("PATCH", `/admin/schedules/${id}`, { ...times, ...payload, version }),
  );
  if (!done) return;
  update({ editedSchedule: null });
  announce(`${id} is changed`);
}

/** @param {string} id */
async function removeSchedule(id) {
  if (await act(`schedule ${id}`, () => change("DELETE", `/admin/schedules/${id}`)))
    announce(`The schedule ${id} is removed`);
}

/** @param {string} id */
export function askToRemoveSchedule(id) {
  update({
    confirming: {
      title: `Remove the schedule ${id}?`,
      text: "The jobs it has added stay. If the code declares it, its next start brings it back: pause it instead.",
      verb: "Remove",
      isDeletion: true,
      run: () => removeSchedule(id),
    },
  });
}
