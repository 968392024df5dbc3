import { ENQUEUED_TYPES, SHARED_LIMIT, SIMULATED_JOBS } from "./job-types.ts";
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

const LIMITABLE = [...ENQUEUED_TYPES, SHARED_LIMIT];

function isBehind(type: string, limit: string): boolean {
  return type === limit || SIMULATED_JOBS.find((job) => job.type === type)?.limit === limit;
}

/** Sets or declares a limit that holds from the first instant: nothing that is behind it runs. */
function limit(verb: "set" | "declare"): Step["act"] {
  return async (world) => {
    const { choices, auditor } = world;
    const process = choices.pick(world.others);
    const name = choices.pick(LIMITABLE);
    // Whoever claims beside us may have begun one by then.
    if (!process || !name || world.isCrowded) return null;
    // What is no longer declared is lifted, which is always allowed.
    const running = [...auditor.now.jobs.values()].filter(({ token }) => token !== null);
    if (running.some(({ type }) => isBehind(type, name))) return null;
    const concurrency = 1 + choices.below(3);
    const rate = { limit: 1 + choices.below(3), periodMs: 5_000, burst: 1 + choices.below(3) };
    const pace = choices.pick([{ concurrency }, { rate }, { concurrency, rate }]) ?? { rate };
    const chosen = choices.pick([pace, { perKey: pace }, { concurrency: 2, perKey: pace }]) ?? pace;
    await process.perform({ kind: "presence" }, async () => {
      if (verb === "set") await process.queue.setLimit(name, chosen);
      else await process.queue.syncLimits({ [name]: chosen });
    });
    return `${process.name}: ${name} to ${JSON.stringify(chosen)}`;
  };
}

async function lift(world: World): Promise<string | null> {
  const process = world.choices.pick(world.others);
  const name = world.choices.pick(LIMITABLE);
  if (!process || !name) return null;
  await process.perform({ kind: "presence" }, () => process.queue.setLimit(name, null));
  return `${process.name}: ${name}`;
}

export const GATE_STEPS: readonly Step[] = [
  { name: "pause", weight: 1, act: turn("pause") },
  { name: "resume", weight: 2, act: turn("resume") },
  { name: "limit", weight: 2, act: limit("set") },
  { name: "declare a limit", weight: 1, act: limit("declare") },
  { name: "lift", weight: 1, act: lift },
];

/** Nothing is held back any more. */
export async function openAllGates({ queue }: SimulatedProcess): Promise<void> {
  await queue.resume();
  for (const type of ENQUEUED_TYPES) await queue.resume(type);
  for (const name of LIMITABLE) await queue.setLimit(name, null);
}
