import type { JobState } from "../../src/transitions.ts";
import { finishOfClaim } from "./operation.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import type { JobFacts } from "./snapshot.ts";
import type { Step } from "./step.ts";
import type { World } from "./world.ts";

/** What somebody does to a job in one of some states. */
function toJob(
  states: readonly JobState[],
  act: (job: JobFacts, process: SimulatedProcess, world: World) => Promise<unknown>,
): Step["act"] {
  return async (world) => {
    const process = world.choices.pick(world.others);
    const job = world.choices.pick(
      [...world.auditor.now.jobs.values()].filter(({ state }) => states.includes(state)),
    );
    if (!process || !job) return null;
    await act(job, process, world);
    return `${process.name}: job ${job.id}, which is ${job.state}`;
  };
}

async function deadIdOf({ store }: SimulatedProcess, job: JobFacts): Promise<string> {
  const { items } = await store.listDeadLetters({ limit: 100 });
  return items.find((item) => item.originalJobId === job.id)?.id ?? "none";
}

/** What somebody does to a job that was discarded. */
function toDiscarded(verb: "putBack" | "erase"): Step["act"] {
  return toJob(["discarded"], (job, process) =>
    process.perform({ kind: verb, jobId: job.id }, async () => {
      const { items } = await process.store.listDiscarded({ limit: 100 });
      const deadId = items.find((item) => item.originalJobId === job.id)?.id ?? "none";
      return process.store[verb](deadId, AUDIT);
    }),
  );
}

const AUDIT = { actor: "ann", action: "discard", subject: "a dead letter", detail: null };

async function reviveMany(world: World): Promise<string | null> {
  const process = world.choices.pick(world.others);
  if (!process) return null;
  await process.perform({ kind: "reviveMany" }, () => process.store.reviveMany({}));
  return process.name;
}

/** Somebody uses a claim of long ago, or ends another's run: only a current lease may change anything. */
async function useAnyClaim(world: World): Promise<string | null> {
  const { choices } = world;
  const process = choices.pick([...world.others, ...world.workers.map((worker) => worker.process)]);
  const claim = choices.pick(world.claims);
  if (!process || !claim) return null;
  const [followUp, note, noteId] = [world.newName("follow-up"), world.newName("note"), world.newNoteId()];
  const finish = finishOfClaim(claim, choices, { followUp, note, noteId });
  const answer = await process.perform(finish.operation, () => process.store.finish([finish.finish]));
  if (answer.done && answer.result[0]) world.checkFinish(finish.operation, answer.result[0]);
  return `${process.name}: ${finish.finish.verdict.verb} under ${claim.leaseToken} of job ${claim.id}`;
}

export const OPERATOR_STEPS: readonly Step[] = [
  {
    name: "cancel",
    weight: 4,
    act: toJob(["waiting", "scheduled", "pending", "processing", "completed"], (job, process) =>
      process.perform({ kind: "cancel", jobId: job.id }, () => process.store.cancel(job.id)),
    ),
  },
  {
    name: "revive",
    weight: 4,
    act: toJob(["failed"], (job, process) =>
      process.perform({ kind: "revive", jobId: job.id }, async () =>
        process.store.revive(await deadIdOf(process, job)),
      ),
    ),
  },
  { name: "revive all", weight: 1, act: reviveMany },
  {
    name: "edit",
    weight: 2,
    act: toJob(["failed"], (job, process, { choices }) => {
      const payload = choices.percent(70) ? { ...JSON.parse(job.payload), edited: true } : { no: "tag" };
      return process.perform({ kind: "edit", jobId: job.id }, async () =>
        process.store.editDeadLetter(await deadIdOf(process, job), {
          stored: {
            payload: JSON.stringify(payload),
            payloadVersion: job.type === "plain" ? 1 + choices.below(2) : 1,
            keyId: null,
          },
        }),
      );
    }),
  },
  {
    name: "discard",
    weight: 2,
    act: toJob(["failed"], (job, process) =>
      process.perform({ kind: "discard", jobId: job.id }, async () =>
        process.store.discard(await deadIdOf(process, job), AUDIT),
      ),
    ),
  },
  { name: "put back", weight: 2, act: toDiscarded("putBack") },
  { name: "erase", weight: 1, act: toDiscarded("erase") },
  { name: "use any claim", weight: 5, act: useAnyClaim },
];
