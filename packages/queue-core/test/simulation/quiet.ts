import { computeNextRun } from "../../src/schedule.ts";
import { openAllGates } from "./gate-steps.ts";
import { turn } from "./simulated-run.ts";
import type { SimulatedWorker } from "./simulated-worker.ts";
import type { World } from "./world.ts";

/** Rounds of a third of a lease each after which everything must have ended. */
const ROUNDS = 60;
const ENDS: ReadonlySet<string> = new Set(["completed", "cancelled", "failed", "discarded"]);

/**
 * No new faults: who is frozen stays so, everybody else does what workers do, and time passes. Everything must end, and
 * the frozen find their leases gone.
 */
export async function becomeQuiet(world: World): Promise<void> {
  const { auditor } = world;
  world.isCrowded = true;
  // Stops come to their end; who is frozen or was killed is replaced by somebody.
  for (const worker of world.workers.filter((each) => each.isActive && each.isDraining)) {
    await worker.stop();
    worker.process.connection.kill();
  }
  world.replaceDead();
  const fresh = world.addWorker();
  const [rescuer] = world.others;
  if (rescuer) await rescuer.perform({ kind: "presence" }, () => openAllGates(rescuer));
  for (let round = 0; round < ROUNDS && unfinished(world).length > 0; round += 1) {
    world.advance(world.leaseMs / 3);
    const busy = world.workers.filter((worker) => worker.isActive && worker.runs.size > 0);
    await Promise.all([...new Set([...busy, fresh])].map(workOff));
    await rescuer?.perform({ kind: "rescue" }, () => rescuer.store.rescue());
    if (auditor.violations.length > 0) return;
    skipToNextDue(world);
  }
  for (const { id, state } of unfinished(world)) auditor.fail(`job ${id} is ${state} for ever`);
  for (const worker of world.workers)
    for (const run of worker.runs) if (run.executed) await worker.record(run);
  await checkSchedules(world);
}

function unfinished({ auditor }: World): readonly { readonly id: string; readonly state: string }[] {
  return [...auditor.now.jobs.values()].filter(({ state }) => !ENDS.has(state));
}

async function workOff(worker: SimulatedWorker): Promise<void> {
  await worker.beat();
  await worker.claim(20);
  await worker.claimBatch();
  await Promise.all(
    [...worker.runs].map(async (run) => {
      if (!run.executed) await run.play(async () => ({ returns: null }));
      await worker.record(run);
    }),
  );
}

/** Nothing is due for a while: the clock goes there. */
function skipToNextDue(world: World): void {
  const nowMs = world.nowMs();
  const open = [...world.auditor.now.jobs.values()].filter(({ state }) => !ENDS.has(state));
  if (open.some(({ state }) => state === "pending" || state === "processing")) return;
  const due = open.filter(({ state }) => state === "scheduled").map(({ dueAt }) => dueAt);
  if (due.length > 0) world.advance(Math.max(0, Math.min(...due) - nowMs));
}

/** However the clock was set, the next slot of a schedule that goes on is the next one its expression names. */
async function checkSchedules(world: World): Promise<void> {
  const [process] = world.others;
  if (!process) return;
  for (const { id, isActive } of await process.store.listSchedules())
    if (!isActive) await process.perform({ kind: "presence" }, () => process.queue.resumeCron(id));
  await process.perform({ kind: "takeSlots" }, () => process.queue.runDueCronJobs());
  await turn();
  for (const { expression, timeZone, nextRunAt } of await process.store.listSchedules()) {
    const next = computeNextRun(expression, new Date(world.nowMs()), timeZone);
    if (nextRunAt.getTime() !== next.getTime())
      world.auditor.fail(
        `the next run of ${expression} is ${nextRunAt.toISOString()}, not ${next.toISOString()}`,
      );
  }
}
