import { LeaseLostError, NonRetryableError, RunEndedError } from "../../src/errors.ts";
import { cancel, snooze } from "../../src/outcome.ts";
import type { Context, Line, SimulatedRun } from "./simulated-run.ts";
import type { SimulatedWorker } from "./simulated-worker.ts";
import type { Step } from "./step.ts";
import type { World } from "./world.ts";

/** Does something with a worker that chance picks among those that can. */
function withWorker(
  can: (worker: SimulatedWorker) => boolean,
  act: (worker: SimulatedWorker, world: World) => Promise<string>,
): Step["act"] {
  return async (world) => {
    const worker = world.choices.pick(world.workers.filter((each) => each.isActive && can(each)));
    return worker ? `${worker.id}: ${await act(worker, world)}` : null;
  };
}

/** Does something with a run that chance picks, which nothing else does meanwhile. */
function withRun(
  can: (run: SimulatedRun) => boolean,
  act: (run: SimulatedRun, worker: SimulatedWorker, world: World) => Promise<string>,
): Step["act"] {
  return withWorker(
    (worker) => [...worker.runs].some((run) => !run.isBusy && can(run)),
    async (worker, world) => {
      const run = world.choices.pick([...worker.runs].filter((each) => !each.isBusy && can(each)));
      if (!run) return "nothing";
      run.isBusy = true;
      try {
        const what = await act(run, worker, world);
        return `${what} in run ${run.job.leaseToken} of job ${run.job.id}`;
      } finally {
        run.isBusy = false;
      }
    },
  );
}

/** What is asked of a run that has ended must be refused. */
function refusedWhenOver(run: SimulatedRun, world: World, ask: Line): Line {
  return async (context) => {
    if (!run.executed) return ask(context);
    try {
      await ask(context);
    } catch (error) {
      if (error instanceof RunEndedError) return undefined;
      throw error;
    }
    world.auditor.fail(`job ${run.job.id}: a run that had ended was not refused`);
    return undefined;
  };
}

function askForStep(run: SimulatedRun, world: World): Line {
  const { id, generation, leaseToken } = run.job;
  const step = `step-${world.choices.below(2)}`;
  const operation = { kind: "recordStep", jobId: id, leaseToken, step } as const;
  return async (context: Context) => {
    const stored = await run.host.perform(operation, () =>
      context.once(step, () => `${step} under ${leaseToken}`),
    );
    if (stored.done) world.checkStep(`${id} ${generation} ${step}`, stored.result);
    else if (stored.error instanceof LeaseLostError && context.signal.reason === stored.error)
      world.checkLost(run.job, "a checkpoint");
    if (!stored.done) throw stored.error;
    return undefined;
  };
}

function askToTell(run: SimulatedRun, world: World): Line {
  const told = world.choices.below(101);
  return async (context) => {
    context.progress(told);
    // Some of it waits for the end of the run.
    if (world.choices.percent(60)) await run.rounds.flush();
    if (context.signal.reason instanceof LeaseLostError) world.checkLost(run.job, "a report");
    return undefined;
  };
}

function askForJob(run: SimulatedRun, world: World): Line {
  const tag = world.newName("follow-up");
  return async (context) => {
    context.enqueue("plain", { tag });
    run.followUps.push(tag);
    return undefined;
  };
}

function askForNote(run: SimulatedRun, world: World): Line {
  const [note, id] = [world.newName("note"), world.newNoteId()];
  const isBad = world.choices.percent(15);
  return async (context) => {
    if (run.note !== null) return undefined;
    // A note without its text is refused by the table.
    const text = isBad ? (null as unknown as string) : note;
    context.onCommit(async (tx) => {
      await tx.sql.insertInto("note").values({ id, text }).execute();
    });
    run.note = note;
    run.hasBadEffect = isBad;
    return undefined;
  };
}

const ENDINGS: readonly { readonly weight: number; readonly name: string; readonly line: Line }[] = [
  { weight: 10, name: "return", line: async () => ({ returns: { done: true } }) },
  {
    weight: 4,
    name: "throw",
    line: async () => {
      throw new Error("no luck");
    },
  },
  {
    weight: 1,
    name: "throw null",
    line: async () => {
      throw null;
    },
  },
  {
    weight: 2,
    name: "give up",
    line: async () => {
      throw new NonRetryableError("no use");
    },
  },
  { weight: 2, name: "snooze", line: async () => ({ returns: snooze(3_000) }) },
  { weight: 1, name: "cancel", line: async () => ({ returns: cancel() }) },
];

/** Some handlers listen to their signal, others end as they would have. */
async function end(run: SimulatedRun, world: World): Promise<string> {
  const { choices } = world;
  if (run.abort.isAborted && choices.percent(60)) {
    await run.play(async ({ signal }) => {
      throw signal.reason;
    });
    return "heed the signal";
  }
  const ending = choices.weighted(ENDINGS);
  if (ending) await run.play(ending.line);
  return ending?.name ?? "nothing";
}

/** Its handler is there, though its run may be over. */
const isThere = ({ host }: SimulatedRun): boolean => host.isAlive;
const isRunning = (run: SimulatedRun): boolean => isThere(run) && run.executed === null;

export const WORKER_STEPS: readonly Step[] = [
  {
    name: "claim",
    weight: 16,
    act: withWorker(
      (worker) => !worker.isDraining && !worker.isClaiming,
      async (worker, { choices }) => {
        const limit = 1 + choices.below(4);
        const jobs = await worker.claim(limit);
        return `up to ${limit}, got ${jobs.map(({ id, leaseToken }) => `${id} under ${leaseToken}`).join(", ")}`;
      },
    ),
  },
  {
    name: "claim a batch",
    weight: 6,
    act: withWorker(
      (worker) => !worker.isDraining && !worker.isClaiming,
      async (worker) => {
        const jobs = await worker.claimBatch();
        return `got ${jobs.map(({ id, leaseToken }) => `${id} under ${leaseToken}`).join(", ")}`;
      },
    ),
  },
  {
    name: "batch ends",
    weight: 4,
    act: withRun(
      (run) => run.batch !== null && isRunning(run),
      async (run, _, { choices }) => {
        const error = choices.percent(40) ? new Error("no luck with any") : undefined;
        await run.batch?.end(error);
        return error ? "throw" : "return";
      },
    ),
  },
  {
    name: "checkpoint",
    weight: 5,
    act: withRun(isThere, async (run, _, world) => {
      await run.play(refusedWhenOver(run, world, askForStep(run, world)));
      return "ask";
    }),
  },
  {
    name: "progress",
    weight: 4,
    act: withRun(isThere, async (run, _, world) => {
      await run.play(refusedWhenOver(run, world, askToTell(run, world)));
      return "tell";
    }),
  },
  {
    name: "follow-up",
    weight: 4,
    act: withRun(isThere, async (run, _, world) => {
      await run.play(refusedWhenOver(run, world, askForJob(run, world)));
      return "ask";
    }),
  },
  {
    name: "note",
    weight: 4,
    act: withRun(isRunning, async (run, _, world) => {
      await run.play(askForNote(run, world));
      return "ask";
    }),
  },
  {
    name: "handler ends",
    weight: 16,
    act: withRun(isRunning, (run, _, world) => end(run, world)),
  },
  {
    name: "record",
    weight: 18,
    act: withRun(
      (run) => run.executed !== null,
      async (run, worker) => {
        const verb = run.executed?.finish.verdict.verb;
        await worker.record(run);
        return `${verb}`;
      },
    ),
  },
  {
    name: "beat",
    weight: 6,
    act: withWorker(
      () => true,
      async (worker) => {
        await worker.beat();
        return "beats";
      },
    ),
  },
  {
    name: "drain",
    weight: 2,
    act: withWorker(
      (worker) => !worker.isDraining,
      async (worker) => {
        await worker.drain();
        return "begins to stop";
      },
    ),
  },
  {
    name: "stop",
    weight: 2,
    act: withWorker(
      (worker) => worker.isDraining,
      async (worker) => {
        await worker.stop();
        worker.process.connection.kill();
        return "hands back what runs and ends";
      },
    ),
  },
  {
    name: "hang",
    weight: 2,
    act: withWorker(
      (worker) => worker.runs.size > 0,
      async (worker, { choices }) => {
        await worker.hang(() => choices.percent(50));
        return "hangs";
      },
    ),
  },
  {
    name: "look for cancels",
    weight: 4,
    act: withWorker(
      (worker) => worker.runs.size > 0,
      async (worker) => {
        await worker.lookForCancels();
        return "looks";
      },
    ),
  },
  {
    name: "child dies",
    weight: 8,
    act: withRun(
      (run) => run.host.name.includes("-child-") && run.executed === null,
      async (run) => {
        run.host.connection.kill();
        return "the process of its own dies";
      },
    ),
  },
];
