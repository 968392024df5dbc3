import type { CronChange } from "../../src/cron.ts";
import type { Operation } from "./operation.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { Step } from "./step.ts";
import type { World } from "./world.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Workers rescue and promote as well as schedulers do. */
function anyProcess(world: World): SimulatedProcess | undefined {
  const workers = world.workers.filter((worker) => worker.isActive).map((worker) => worker.process);
  return world.choices.pick([...world.others, ...workers]);
}

function byAnyone(
  kind: Extract<Operation["kind"], "rescue" | "promote" | "expire" | "takeSlots" | "prune">,
  act: (process: SimulatedProcess, world: World) => Promise<unknown>,
): Step["act"] {
  return async (world) => {
    const process = anyProcess(world);
    if (!process) return null;
    const result = await process.perform({ kind }, () => act(process, world));
    return `${process.name}: ${result.done ? JSON.stringify(result.result) : String(result.error)}`;
  };
}

const EXPRESSIONS = ["* * * * *", "*/5 * * * *", "0 * * * *"];

/** Adds a schedule or changes it. */
async function register(world: World): Promise<string | null> {
  const process = world.choices.pick(world.others);
  const expression = world.choices.pick(EXPRESSIONS);
  if (!process || !expression) return null;
  const catchUp =
    world.choices.pick(["once", "skip", { all: { max: 3, maxAgeMs: DAY_MS } }] as const) ?? "once";
  await process.perform({ kind: "presence" }, () =>
    process.queue.registerCron("ticking", expression, { payload: { tag: "tick" }, catchUp }),
  );
  return `${process.name}: ${expression}, ${JSON.stringify(catchUp)}`;
}

const CHANGES = [
  { name: "pause", act: ({ queue }: SimulatedProcess) => queue.pauseCron("ticking") },
  { name: "resume", act: ({ queue }: SimulatedProcess) => queue.resumeCron("ticking") },
  { name: "remove", act: ({ queue }: SimulatedProcess) => queue.removeCron("ticking") },
  {
    name: "every 90 s",
    act: ({ queue }: SimulatedProcess) => edit(queue, { expression: { everyMs: 90_000 } }),
  },
  { name: "wait for the last job", act: ({ queue }: SimulatedProcess) => edit(queue, { overlap: "skip" }) },
  { name: "catch up once", act: ({ queue }: SimulatedProcess) => edit(queue, { catchUp: "once" }) },
] as const;

function edit(queue: SimulatedProcess["queue"], change: CronChange): Promise<unknown> {
  return queue.editCron("ticking", change);
}

/** An operator changes the schedule, if it is there: whatever they do, no slot is taken twice. */
async function changeSchedule(world: World): Promise<string | null> {
  const process = world.choices.pick(world.others);
  const change = world.choices.pick(CHANGES);
  if (!process || !change) return null;
  const answer = await process.perform({ kind: "presence" }, () => change.act(process));
  return `${process.name}: ${change.name}${answer.done ? "" : ", refused"}`;
}

export const SCHEDULER_STEPS: readonly Step[] = [
  { name: "rescue", weight: 8, act: byAnyone("rescue", ({ queue }) => queue.releaseStaleJobs()) },
  { name: "promote", weight: 3, act: byAnyone("promote", ({ store }) => store.promoteDue()) },
  { name: "expire", weight: 2, act: byAnyone("expire", ({ queue }) => queue.expireJobs()) },
  { name: "take slots", weight: 4, act: byAnyone("takeSlots", ({ queue }) => queue.runDueCronJobs()) },
  {
    name: "prune",
    weight: 2,
    act: byAnyone("prune", ({ store }) => store.prune({ keepMs: 60_000, deadMs: 90_000, logMs: 30_000 })),
  },
  { name: "register", weight: 1, act: register },
  { name: "change the schedule", weight: 2, act: changeSchedule },
];
