import type { Step } from "./step.ts";
import type { World } from "./world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The store forgets slots after 14 days: the wall clock never comes that far. */
const FURTHEST_MS = 6 * 24 * HOUR_MS;

async function pass(world: World): Promise<string> {
  const ms = world.choices.pick([1, 100, 1_000, 5_000, 10_000, 31_000]) ?? 0;
  world.advance(ms);
  return `${ms} ms`;
}

/** A lease goes by: who is well beats, and somebody looks for those who do not. */
async function passLease(world: World): Promise<string> {
  const rescuer = world.choices.pick(world.others);
  for (let look = 0; look < 4; look += 1) {
    world.advance(world.leaseMs / 3);
    for (const worker of world.workers) if (worker.isActive) await worker.beat();
    if (rescuer) await rescuer.perform({ kind: "rescue" }, () => rescuer.store.rescue());
  }
  return `${rescuer?.name} rescues`;
}

async function suspend(world: World): Promise<string> {
  const ms = world.choices.pick([40_000, HOUR_MS]) ?? 0;
  world.suspend(ms);
  return `${ms} ms`;
}

async function setWall(world: World): Promise<string> {
  const { clock, choices } = world;
  const start = Date.UTC(2026, 0, 1);
  const jump = choices.pick([-24 * HOUR_MS, -HOUR_MS, -MINUTE_MS, MINUTE_MS, HOUR_MS, 24 * HOUR_MS]) ?? 0;
  const wall = Math.min(Math.max(clock.now() + jump, start - FURTHEST_MS), start + FURTHEST_MS);
  clock.setWall(wall);
  return `by ${jump} ms`;
}

async function freeze(world: World): Promise<string | null> {
  const worker = world.choices.pick(world.workers.filter((each) => each.isActive && each.runs.size > 0));
  if (!worker) return null;
  worker.isFrozen = true;
  return worker.id;
}

async function thaw(world: World): Promise<string | null> {
  const worker = world.choices.pick(world.workers.filter((each) => each.isFrozen));
  if (!worker) return null;
  worker.isFrozen = false;
  return worker.id;
}

async function kill(world: World): Promise<string | null> {
  const worker = world.choices.pick(world.workers);
  if (!worker) return null;
  worker.process.connection.kill();
  return `${worker.id}${worker.isDraining ? ", which was stopping" : ""}, ${worker.runs.size} runs`;
}

export const TIME_STEPS: readonly Step[] = [
  { name: "time passes", weight: 8, act: pass },
  { name: "a lease passes", weight: 4, act: passLease },
  { name: "the machine sleeps", weight: 2, act: suspend },
  { name: "the wall clock is set", weight: 3, act: setWall },
  { name: "freeze", weight: 3, act: freeze },
  { name: "thaw", weight: 4, act: thaw },
  { name: "kill", weight: 4, act: kill },
];
