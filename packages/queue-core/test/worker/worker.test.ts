import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createQueue,
  createWorker,
  defineJob,
  HandlerMissingError,
  OptionInvalidError,
} from "../../src/index.ts";
import { Connection } from "../../src/sqlite/connection.ts";
import { enqueueJobs } from "../../src/sqlite/enqueue.ts";
import { RunCounts } from "../../src/sqlite/run-counts.ts";
import { newJob } from "../conformance/new-jobs.ts";
import { WORKER_JOBS } from "./job-types.ts";
import { until } from "./until.ts";
import { WorkerBed } from "./worker-bed.ts";

describe("R3: a worker", () => {
  it("runs a job and records it as completed, with its result and one attempt", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 7 });
    bed.work({ task: ({ n }) => ({ doubled: n * 2 }) });
    const job = await bed.reaches(id, "completed");
    expect(job).toMatchObject({ attempts: 1, result: { doubled: 14 }, lockedBy: null, lastError: null });
  });

  it("tells the handler about its job", async () => {
    const bed = await WorkerBed.open();
    const enqueued = await bed.queue.enqueue("task", { n: 1 }, { workflowId: "order-1", maxAttempts: 2 });
    bed.work({
      task: (_, { jobId, type, attempt, maxAttempts, workflowId, createdAt, slotAt }) => {
        return { jobId, type, attempt, maxAttempts, workflowId, createdAt, slotAt };
      },
    });
    const { result } = await bed.reaches(enqueued.id, "completed");
    expect(result).toEqual({
      jobId: enqueued.id,
      type: "task",
      attempt: 1,
      maxAttempts: 2,
      workflowId: "order-1",
      createdAt: enqueued.createdAt.toISOString(),
      slotAt: null,
    });
  });

  it("runs as many jobs at a time as it has slots, and never more", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany(
      "task",
      Array.from({ length: 12 }, (_, n) => ({ n })),
    );
    let active = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const worker = bed.work(
      {
        task: async () => {
          active += 1;
          most = Math.max(most, active);
          await new Promise<void>((resolve) => gates.push(resolve));
          active -= 1;
        },
      },
      { concurrency: 3 },
    );
    // One at a time, so that each end of a run is a chance to claim too many.
    for (let ended = 0; ended < jobs.length; ended += 1) {
      await until("the free slots are taken", () => gates.length === Math.min(3, jobs.length - ended));
      gates.shift()?.();
    }
    await Promise.all(jobs.map(({ id }) => bed.reaches(id, "completed")));
    expect(most).toBe(3);
    await until("the worker is idle", () => worker.runningCount === 0);
  });

  it("starts the jobs it claimed together side by side", async () => {
    const bed = await WorkerBed.open();
    const [first] = await bed.queue.enqueueMany("task", [{ n: 1 }, { n: 2 }]);
    const secondRuns = Promise.withResolvers<void>();
    bed.work({
      task: async ({ n }) => {
        if (n === 2) secondRuns.resolve();
        await secondRuns.promise;
        return "both ran";
      },
    });
    expect((await bed.reaches(first?.id ?? "", "completed")).result).toBe("both ran");
  });

  it("takes the types it was told to, and leaves the others alone", async () => {
    const bed = await WorkerBed.open();
    const left = await bed.queue.enqueue("other", { n: 1 });
    const taken = await bed.queue.enqueue("task", { n: 1 });
    const worker = bed.work({ task: () => 1, other: () => 1 }, { types: ["task"] });
    await bed.reaches(taken.id, "completed");
    await worker.stop();
    expect(worker.types).toEqual(["task"]);
    expect((await bed.job(left.id)).status).toBe("pending");
  });

  it("R17: gives up what nobody takes in time, also of types that it does not take itself", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("other", { n: 1 }, { expireAfterMs: 1 });
    bed.work({ task: () => 1 }, { leaseMs: 30 });
    expect(await bed.dies(id)).toMatchObject({ reason: "expired", attempts: 0 });
    expect(await bed.logged("jobs that nobody claimed in time given up")).toMatchObject({ expired: 1 });
  });

  it("R17: claims on while very many are given up, and stops without waiting for them", async () => {
    const bed = await WorkerBed.open();
    const store = await bed.openStore();
    let isAsked = false;
    // As one that never comes to the last of them.
    store.expire = ({ signal }) =>
      new Promise((resolve) => {
        isAsked = true;
        signal?.addEventListener("abort", () => resolve(1));
      });
    const queue = createQueue({ store, jobs: WORKER_JOBS });
    const worker = bed.createWorker({ task: () => "claimed" }, { queue });
    worker.start();
    await until("the expired are being given up", () => isAsked);
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    expect((await bed.reaches(id, "completed")).result).toBe("claimed");
    await worker.stop();
    expect(await bed.logged("jobs that nobody claimed in time given up")).toMatchObject({ expired: 1 });
  });

  it("finds work that comes while it sleeps, and what becomes due", async () => {
    const bed = await WorkerBed.open();
    bed.work({ task: () => "done" });
    await bed.logged("worker started");
    const now = await bed.queue.enqueue("task", { n: 1 });
    const later = await bed.queue.enqueueDelayed("task", { n: 2 }, 30);
    expect((await bed.reaches(now.id, "completed")).result).toBe("done");
    expect((await bed.reaches(later.id, "completed")).result).toBe("done");
  });

  it("R3: looks once more when its bell hangs, for what came before is not rung for", async () => {
    const bed = await WorkerBed.open();
    const store = await bed.openStore();
    const open = store.bell.bind(store);
    let isAdded = false;
    store.bell = (options) => {
      const bell = open(options);
      const hang = bell.hang.bind(bell);
      bell.hang = () => {
        if (!isAdded) bed.sql((database) => addUnheard(new Connection(database)));
        isAdded = true;
        return hang();
      };
      return bell;
    };
    const queue = createQueue({ store, jobs: WORKER_JOBS });
    bed.createWorker({ task: () => "found" }, { queue, pollMs: 600_000 }).start();
    const [job] = await until("it is done", async () => {
      const done = (await bed.jobsOf("task")).filter(({ status }) => status === "completed");
      return done.length > 0 && done;
    });
    expect(job?.result).toBe("found");
  });

  it("retries a failed run, counts both, and keeps why the first failed", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    bed.work({
      task: (_, { attempt }) => {
        if (attempt === 1) throw new Error("no luck yet");
      },
    });
    expect(await bed.reaches(id, "completed")).toMatchObject({
      attempts: 2,
      lastError: "Error: no luck yet",
    });
    expect((await bed.attempts(id)).map(({ outcome }) => outcome)).toEqual(
      expect.arrayContaining(["failed", "completed"]),
    );
  });

  it("writes the job's id, type, attempt and workflow into every line about a run", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 }, { workflowId: "order-9" });
    bed.work(
      {
        task: (_, { attempt, log }) => {
          log.info("the handler speaks");
          if (attempt === 1) throw new Error("no luck yet");
        },
      },
      { workerId: "worker-9" },
    );
    await bed.reaches(id, "completed");
    await bed.logged("run ended", id);
    const about = (attempt: number): object => ({
      jobId: id,
      type: "task",
      attempt,
      workflowId: "order-9",
      workerId: "worker-9",
    });
    const spoken = bed.lines.filter((line) => line.msg === "the handler speaks");
    expect(spoken).toEqual([expect.objectContaining(about(1)), expect.objectContaining(about(2))]);
    expect(await bed.logged("run failed, will be retried")).toMatchObject({
      ...about(1),
      error: "Error: no luck yet",
      stack: expect.stringContaining("worker.test.ts"),
    });
    const ends = bed.lines.filter((line) => line.msg === "run ended");
    expect(ends).toEqual([
      expect.objectContaining({ ...about(1), status: "scheduled" }),
      expect.objectContaining({ ...about(2), status: "completed", durationMs: expect.any(Number) }),
    ]);
  });

  it("refuses, before it starts, types without a handler, and names each", async () => {
    const bed = await WorkerBed.open();
    const { queue } = bed;
    const create = (): unknown =>
      createWorker({ queue, handlers: { task: () => 1 }, types: ["task", "other", "short"] });
    expect(create).toThrow(HandlerMissingError);
    expect(create).toThrow("These job types have no handler: other, short");
    const all = (): unknown => createWorker({ queue, handlers: {}, types: ["tsak", "task"] as never[] });
    expect(all).toThrow("Not in the catalog: tsak. These job types have no handler: tsak, task");
  });

  it("refuses to take nothing at all", async () => {
    const bed = await WorkerBed.open();
    for (const options of [{ handlers: {} }, { handlers: { task: () => 1 }, types: [] }]) {
      expect(() => createWorker({ queue: bed.queue, ...options })).toThrow(HandlerMissingError);
    }
  });

  it("finds no handler in what every object has by birth", async () => {
    const bed = await WorkerBed.open();
    const jobs = [defineJob("constructor", { payload: z.object({}) })];
    const queue = createQueue({ store: bed.store, jobs });
    expect(() => createWorker({ queue, handlers: {}, types: ["constructor"] })).toThrow(HandlerMissingError);
  });

  it("refuses handlers for types that the catalog does not have", async () => {
    const bed = await WorkerBed.open();
    const handlers = { task: () => 1, tsak: () => 1, constructor: () => 1 };
    const create = (): unknown => createWorker({ queue: bed.queue, handlers });
    expect(create).toThrow(HandlerMissingError);
    expect(create).toThrow("Not in the catalog: tsak, constructor");
  });

  it("takes more types than one statement of SQLite can, the most urgent job first", async () => {
    const bed = await WorkerBed.open();
    const payload = z.object({});
    const jobs = Array.from({ length: 1_203 }, (_, n) =>
      defineJob(`type_${n}`, { payload, priority: n === 700 ? 50 : 5, expireAfterMs: 600_000 }),
    );
    const queue = createQueue({ store: bed.store, jobs });
    for (const n of [1_202, 700, 0, 300]) await queue.enqueue(`type_${n}`, {});
    const ran: string[] = [];
    const handlers = Object.fromEntries(
      jobs.map(({ type }) => [
        type,
        (_: unknown, context: { readonly type: string }) => ran.push(context.type),
      ]),
    );
    const worker = createWorker({ queue, handlers, concurrency: 1, pollMs: 5 });
    worker.start();
    await until("all have run", () => ran.length === 4);
    await worker.stop();
    expect(ran).toEqual(["type_700", "type_1202", "type_0", "type_300"]);
  });

  it.each([
    ["concurrency", 0],
    ["leaseMs", 1.5],
    ["pollMs", Number.NaN],
    ["pollMs", 2 ** 31],
    ["shutdownMs", -1],
  ])("refuses %s of %d", async (name, value) => {
    const bed = await WorkerBed.open();
    const create = (): unknown => createWorker({ queue: bed.queue, handlers: {}, [name]: value });
    expect(create).toThrow(OptionInvalidError);
    expect(create).toThrow(name);
  });
});

/** Adds a job at once, and rings for nobody. */
function addUnheard(connection: Connection): void {
  connection.run("BEGIN IMMEDIATE");
  const job = newJob({ type: "task", payload: '{"n":1}' });
  enqueueJobs(connection, new RunCounts(), [job], { nowMs: 1, createdAtMs: 1 });
  connection.run("COMMIT");
}
