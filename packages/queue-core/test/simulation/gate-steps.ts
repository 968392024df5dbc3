import { ENQUEUED_TYPES } from "./job-types.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { Step } from "./step.ts";
import type { World } from "./world.ts";

/** Pauses and resumes a type or, now and then, the whole queue. */
function turn(verb: "pause" | "resume"): Step["act"] {
  return async (world) => {
    const { choices } = world;
    const process = choices.pick(world.others);
    if (!process) return null;
    const type = choices.percent(80) ? choices.pick(ENQUEUED_TYPES) : undefined;
    await process.perform({ kind: "presence" }, () => process.queue[verb](type));
    return `${process.name}: ${type ?? "the queue"}`;
  };
}

/** Sets a limit that holds from the first instant: none of the type runs. */
async function limit(world: World): Promise<string | null> {
  const { choices, auditor } = world;
  const process = choices.pick(world.others);
  const type = choices.pick(ENQUEUED_TYPES);
  // Whoever claims beside us may have begun one by then.
  if (!process || !type || world.isCrowded) return null;
  if ([...auditor.now.jobs.values()].some((job) => job.type === type && job.token !== null)) return null;
  const concurrency = 1 + choices.below(3);
  const rate = { limit: 1 + choices.below(3), periodMs: 5_000, burst: 1 + choices.below(3) };
  const chosen = choices.pick([{ concurrency }, { rate }, { concurrency, rate }]) ?? { rate };
  await process.perform({ kind: "presence" }, () => process.queue.setLimit(type, chosen));
  return `${process.name}: ${type} to ${JSON.stringify(chosen)}`;
}

async function lift(world: World): Promise<string | null> {
  const process = world.choices.pick(world.others);
  const type = world.choices.pick(ENQUEUED_TYPES);
  if (!process || !type) return null;
  await process.perform({ kind: "presence" }, () => process.queue.setLimit(type, null));
  return `${process.name}: ${type}`;
}

export const GATE_STEPS: readonly Step[] = [
  { name: "pause", weight: 1, act: turn("pause") },
  { name: "resume", weight: 2, act: turn("resume") },
  { name: "limit", weight: 2, act: limit },
  { name: "lift", weight: 1, act: lift },
];

/** Nothing is held back any more. */
export async function openAllGates({ queue }: SimulatedProcess): Promise<void> {
  await queue.resume();
  for (const type of ENQUEUED_TYPES) {
    await queue.resume(type);
    await queue.setLimit(type, null);
  }
}
