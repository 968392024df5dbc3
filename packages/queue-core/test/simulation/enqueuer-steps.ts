import type { EnqueueOptions } from "../../src/queue.ts";
import { ENQUEUED_TYPES } from "./job-types.ts";
import type { Step } from "./step.ts";
import type { World } from "./world.ts";

const HOUR_MS = 60 * 60_000;

/** Settings of a new job as chance has them: mostly none. */
function anySettings(world: World): EnqueueOptions {
  const { choices, auditor } = world;
  const jobs = [...auditor.now.jobs.values()];
  const parents = choices.percent(35) ? jobs.slice(-4).filter(() => choices.percent(50)) : [];
  const whenDead = choices.percent(50) ? "cancel" : "continue";
  return {
    ...(choices.percent(30) && { priority: choices.below(41) - 20 }),
    ...(choices.percent(20) && { delayMs: choices.pick([1, 5_000, 60_000, HOUR_MS]) ?? 0 }),
    ...(choices.percent(15) && { expireAfterMs: choices.pick([1_000, 15_000]) ?? 1 }),
    ...(choices.percent(20) && { maxAttempts: 1 + choices.below(3) }),
    ...(choices.percent(20) && { uniqueKey: `key-${choices.below(3)}` }),
    ...(choices.percent(40) && { limitKey: `customer-${choices.below(2)}` }),
    ...(choices.percent(40) && { groupKey: `tenant-${choices.below(3)}` }),
    ...(choices.percent(20) && { workflowId: `workflow-${choices.below(2)}` }),
    ...(choices.percent(50) && { durability: "normal" as const }),
    dependsOn: parents.map(({ id: jobId }) => ({ jobId, whenDead })),
  };
}

async function enqueue(world: World): Promise<string | null> {
  const { choices, auditor } = world;
  const process = choices.pick(world.others);
  const type = choices.pick(ENQUEUED_TYPES);
  if (!process || !type) return null;
  const tags = Array.from({ length: choices.percent(80) ? 1 : 3 + choices.below(3) }, () =>
    world.newName("job"),
  );
  const settings = anySettings(world);
  const operation = { kind: "enqueue", tags, note: null } as const;
  const added = await process.perform(operation, () =>
    process.queue.enqueueMany(
      type,
      tags.map((tag) => ({ tag })),
      settings,
    ),
  );
  if (added.done) {
    for (const { id, deduplicated } of added.result)
      if (!deduplicated && !auditor.wasSeen(id)) auditor.fail(`job ${id} was acknowledged, but is not there`);
  }
  return `${process.name}: ${type} ${tags.join(", ")} ${JSON.stringify(settings)}`;
}

class ChangedMindError extends Error {}

/** A note and a job in one transaction, which may be called off at its end. */
async function enqueueInTransaction(world: World): Promise<string | null> {
  const { choices, auditor } = world;
  const process = choices.pick(world.others);
  if (!process) return null;
  const [tag, note] = [world.newName("job"), world.newName("note")];
  const isCalledOff = choices.percent(30);
  const operation = { kind: "enqueue", tags: [tag], note } as const;
  const { store, queue } = process;
  const committed = await process.perform(operation, async () => {
    try {
      return await store.transaction(async (tx) => {
        await tx.sql.insertInto("note").values({ id: world.newNoteId(), text: note }).execute();
        const { id } = await queue.enqueue("plain", { tag }, { tx });
        if (isCalledOff) throw new ChangedMindError("called off");
        return id;
      });
    } catch (error) {
      if (error instanceof ChangedMindError) return null;
      throw error;
    }
  });
  const id = committed.done ? committed.result : null;
  if (id !== null && !auditor.wasSeen(id)) auditor.fail(`job ${id} was committed, but is not there`);
  return `${process.name}: ${tag} with ${note}${isCalledOff ? ", called off" : ""}`;
}

export const ENQUEUER_STEPS: readonly Step[] = [
  { name: "enqueue", weight: 16, act: enqueue },
  { name: "enqueue in a transaction", weight: 2, act: enqueueInTransaction },
];
