import fc from "fast-check";
import { expect } from "vitest";
import { JobNotFoundError, JobStateError } from "../../src/errors.ts";
import type { Queue } from "../../src/queue.ts";
import { endHungRuns } from "../../src/sqlite/end-hung-runs.ts";
import type { Finish, Verdict } from "../../src/store.ts";
import type { FakeClock, MemoryDatabase } from "../../src/testing/index.ts";
import { allows, type JobState, outcomesOf, type Verb } from "../../src/transitions.ts";
import { newJob } from "../conformance/new-jobs.ts";
import type { SIMULATED_JOBS } from "./job-types.ts";
import type { JobFacts, Snapshot } from "./snapshot.ts";

/** What is known of a job from what was answered so far. */
interface ModelJob {
  readonly id: string;
  state: JobState;
  lease: number | null;
  cancelRequested: boolean;
}

export interface Model {
  readonly jobs: ModelJob[];
  newestLease: number;
}

/** The store under test. */
export interface Real {
  readonly memory: MemoryDatabase;
  readonly queue: Queue<typeof SIMULATED_JOBS, unknown>;
  readonly clock: FakeClock;
  /** Every row of every table. */
  readonly dump: () => unknown;
  readonly read: () => Snapshot;
}

type Command = fc.AsyncCommand<Model, Real>;

/** Which lease is shown for a job: its own, an earlier one, that of another job, or one that was never given out. */
type Shown = "current" | "earlier" | "of another job" | "never given";

const SHOWN: readonly Shown[] = ["current", "earlier", "of another job", "never given"];

const VERDICTS: readonly Verdict[] = [
  { verb: "complete", result: null },
  { verb: "retry", delayMs: 5_000, error: "no luck", timedOut: false },
  { verb: "bury", reason: "not_retryable", error: "no luck", timedOut: false },
  { verb: "snooze", delayMs: 1_000 },
  { verb: "abandon" },
  { verb: "handBack" },
  { verb: "crash", error: "signal SIGKILL" },
];

const jobAt = (model: Model, choice: number): ModelJob | undefined => model.jobs[choice % model.jobs.length];

function leaseFor(model: Model, job: ModelJob, shown: Shown): number {
  const other = model.jobs.find(
    (each) => each.id !== job.id && each.lease !== null && each.lease !== job.lease,
  );
  switch (shown) {
    case "current":
      return job.lease ?? model.newestLease;
    case "earlier":
      return Math.max(0, (job.lease ?? model.newestLease) - 1);
    case "of another job":
      return other?.lease ?? 0;
    case "never given":
      return model.newestLease + 1;
  }
}

/** Runs something that must change nothing at all. */
async function changesNothing(real: Real, act: () => unknown): Promise<void> {
  const before = real.dump();
  await act();
  expect(real.dump()).toEqual(before);
}

/** Every job is where the answers so far have put it: nothing that was asked about one has moved another. */
function agrees(model: Model, real: Real): void {
  const { jobs } = real.read();
  for (const { id, state } of model.jobs) expect(jobs.get(id)?.state ?? "gone").toBe(state);
}

function command(text: string, can: (model: Model) => boolean, run: Command["run"]): Command {
  return {
    check: can,
    run: async (model, real) => {
      await run(model, real);
      agrees(model, real);
    },
    toString: () => text,
  };
}

const hasJobs = (model: Model): boolean => model.jobs.length > 0;

function add(delayMs: number, maxAttempts: number): Command {
  return command(
    `add a job due in ${delayMs} ms`,
    () => true,
    async (model, { queue }) => {
      const { id, status } = await queue.enqueue("plain", { tag: "model" }, { delayMs, maxAttempts });
      expect(outcomesOf("enqueue", "gone")).toContain(status);
      model.jobs.push({ id, state: status, lease: null, cancelRequested: false });
    },
  );
}

function claim(limit: number): Command {
  return command(`claim ${limit}`, hasJobs, async (model, { queue, read }) => {
    const before = read();
    for (const { id, leaseToken } of await queue.dequeueBatch("worker-1", limit)) {
      expect(leaseToken).toBeGreaterThan(model.newestLease);
      const job = model.jobs.find((each) => each.id === id);
      // A job whose time has come is promoted and claimed in one go.
      expect(["pending", "scheduled"]).toContain(job?.state);
      expect(isExhausted(before.jobs.get(id))).toBe(false);
      Object.assign(job ?? {}, { state: "processing", lease: leaseToken });
    }
    const after = read();
    for (const job of model.jobs) {
      if (job.state !== "pending" && job.state !== "scheduled") continue;
      // One that waits with no attempt left, as after a retry of its last, is buried instead.
      if (after.jobs.get(job.id)?.state !== "failed") continue;
      expect(isExhausted(before.jobs.get(job.id))).toBe(true);
      job.state = "failed";
    }
    // Of the buried ones, too.
    model.newestLease = after.newestToken;
  });
}

function isExhausted(job: JobFacts | undefined): boolean {
  return job !== undefined && job.attempts >= job.maxAttempts;
}

function endRun(choice: number, shown: Shown, verdict: Verdict): Command {
  return command(`${verdict.verb} job ${choice}, lease ${shown}`, hasJobs, async (model, real) => {
    const job = jobAt(model, choice);
    if (!job) return;
    const leaseToken = leaseFor(model, job, shown);
    const finish: Finish = { job: { id: job.id, leaseToken }, verdict, followUps: [newJob()], effects: [] };
    if (job.lease !== leaseToken) {
      await changesNothing(real, async () =>
        expect(await real.queue.store.finish([finish])).toEqual([{ accepted: false, status: null }]),
      );
      return;
    }
    const verb = job.cancelRequested && verdict.verb !== "complete" ? "abandon" : verdict.verb;
    const [outcome] = await real.queue.store.finish([{ ...finish, followUps: [] }]);
    expect(outcome?.accepted).toBe(true);
    expect(outcomesOf(verb, "processing")).toContain(outcome?.status);
    Object.assign(job, { state: outcome?.status, lease: null, cancelRequested: false });
  });
}

function storeStep(choice: number, shown: Shown): Command {
  return command(`store a checkpoint of job ${choice}, lease ${shown}`, hasJobs, async (model, real) => {
    const job = jobAt(model, choice);
    if (!job) return;
    const leaseToken = leaseFor(model, job, shown);
    const record = (): Promise<boolean> =>
      real.queue.store.recordStep({ id: job.id, generation: 0, leaseToken }, `step-${choice}`, "1");
    if (job.lease === leaseToken) expect(await record()).toBe(true);
    else await changesNothing(real, async () => expect(await record()).toBe(false));
  });
}

function endHung(choice: number, shown: Shown): Command {
  return command(`end the hung run of job ${choice}, lease ${shown}`, hasJobs, async (model, real) => {
    const job = jobAt(model, choice);
    if (!job) return;
    const leaseToken = leaseFor(model, job, shown);
    if (job.lease === leaseToken) return;
    const run = {
      id: job.id,
      leaseToken,
      type: "plain",
      attempts: 0,
      maxAttempts: 5,
      cancelRequested: false,
    };
    // A worker that holds nothing: what it says is past its time is all that could change.
    const hung = { workerId: "worker-2", overdue: [run], isSilent: () => true, nowMs: real.clock.now() };
    await changesNothing(real, () => endHungRuns(real.memory.connect(), hung));
  });
}

/** A verb that needs no lease: allowed by the state machine, or refused without a trace. */
function byOperator(verb: Extract<Verb, "cancel" | "revive" | "discard">, choice: number): Command {
  return command(`${verb} job ${choice}`, hasJobs, async (model, real) => {
    const job = jobAt(model, choice);
    if (!job) return;
    const { store } = real.queue;
    const { items } = await store.listDeadLetters({ limit: 100 });
    const deadId = items.find((item) => item.originalJobId === job.id)?.id ?? "none";
    const audit = { actor: "ann", action: verb, subject: deadId, detail: null };
    const act = {
      cancel: () => store.cancel(job.id),
      revive: () => store.revive(deadId),
      discard: () => store.discard(deadId, audit),
    };
    if (!allows(verb, job.state)) {
      await changesNothing(real, async () => {
        const error: unknown = await act[verb]().catch((thrown: unknown) => thrown);
        expect(error instanceof JobStateError || error instanceof JobNotFoundError).toBe(true);
      });
      return;
    }
    await act[verb]();
    if (job.state === "processing") {
      job.cancelRequested = true;
      return;
    }
    const state = (await store.getJob(job.id))?.status ?? "discarded";
    expect(outcomesOf(verb, job.state)).toContain(state);
    Object.assign(job, { state, lease: null });
  });
}

function promote(ms: number): Command {
  return command(`${ms} ms pass`, hasJobs, async (model, { queue, clock }) => {
    clock.advance(ms);
    await queue.store.promoteDue();
    for (const job of model.jobs) {
      if (job.state !== "scheduled") continue;
      job.state = (await queue.store.getJob(job.id))?.status ?? "gone";
      expect(["scheduled", ...outcomesOf("promote", "scheduled")]).toContain(job.state);
    }
  });
}

const choice = fc.nat(7);
const shown = fc.constantFrom(...SHOWN);

/** Any order of anything that can be asked about a job. */
export const leaseCommands = fc.commands(
  [
    fc.tuple(fc.constantFrom(0, 0, 5_000), fc.integer({ min: 1, max: 3 })).map((args) => add(...args)),
    fc.integer({ min: 1, max: 3 }).map(claim),
    fc.tuple(choice, shown, fc.constantFrom(...VERDICTS)).map((args) => endRun(...args)),
    fc
      .tuple(choice, fc.constant("current" as const), fc.constantFrom(...VERDICTS))
      .map((args) => endRun(...args)),
    fc.tuple(choice, shown).map((args) => storeStep(...args)),
    fc.tuple(choice, shown).map((args) => endHung(...args)),
    fc
      .tuple(fc.constantFrom("cancel" as const, "revive" as const, "discard" as const), choice)
      .map((args) => byOperator(...args)),
    fc.constantFrom(10, 5_000).map(promote),
  ],
  { maxCommands: 60, size: "max" },
);
