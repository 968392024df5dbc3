import { describe, expect, it } from "vitest";
import { createQueue, type JobStore, WorkerStoppingError } from "../../src/index.ts";
import type { AppTables } from "../conformance/test-database.ts";
import { WORKER_JOBS } from "./job-types.ts";
import { until } from "./until.ts";
import { WorkerBed } from "./worker-bed.ts";

/** The same store, but what one of its verbs returns comes only when the gate opens. */
function withSlow(store: JobStore<AppTables>, verb: "claim" | "rescue") {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const called: string[] = [];
  const late = async (answer: unknown): Promise<unknown> => {
    const result = await answer;
    reached.resolve();
    await gate.promise;
    return result;
  };
  const slow = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => {
        called.push(String(name));
        const result: unknown = member.apply(target, args);
        return name === verb ? late(result) : result;
      };
    },
  });
  return { store: slow, called, reached: reached.promise, openGate: gate.resolve };
}

describe("R3: a worker that is stopped", () => {
  it("finishes what runs, and claims nothing more", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const gate = Promise.withResolvers<string>();
    const worker = bed.work({ task: () => gate.promise }, { concurrency: 2, shutdownMs: 60_000 });
    await until("the job runs", () => worker.runningCount === 1);
    const stopped = worker.stop();
    const late = await bed.queue.enqueue("task", { n: 2 });
    await bed.logged("worker stopping");
    gate.resolve("finished all the same");
    await stopped;
    expect(await bed.job(id)).toMatchObject({ status: "completed", result: "finished all the same" });
    expect(await bed.job(late.id)).toMatchObject({ status: "pending", attempts: 0 });
    expect(worker.runningCount).toBe(0);
  });

  it("hands back, not run, what a claim brings that was under way", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const { store, reached, openGate } = withSlow(bed.store, "claim");
    let runs = 0;
    const worker = bed.createWorker(
      {
        task: () => {
          runs += 1;
        },
      },
      { queue: createQueue({ store, jobs: WORKER_JOBS }), shutdownMs: 60_000 },
    );
    worker.start();
    await reached;
    const stopped = worker.stop();
    openGate();
    await stopped;
    expect(runs).toBe(0);
    expect(await bed.job(id)).toMatchObject({ status: "pending", attempts: 0 });
    expect(bed.lines).toContainEqual(expect.objectContaining({ msg: "jobs handed back", jobIds: [id] }));
  });

  it("does not claim at all when it was stopped while it looked for what others left behind", async () => {
    const bed = await WorkerBed.open();
    await bed.queue.enqueue("task", { n: 1 });
    const { store, called, reached, openGate } = withSlow(bed.store, "rescue");
    const worker = bed.createWorker({ task: () => 1 }, { queue: createQueue({ store, jobs: WORKER_JOBS }) });
    worker.start();
    await reached;
    const stopped = worker.stop();
    openGate();
    await stopped;
    expect(called).not.toContain("claim");
  });

  it("hands back unspent what still runs at the deadline, aborts its signal and drops what it returns", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const gate = Promise.withResolvers<string>();
    let reason: unknown;
    const worker = bed.work(
      {
        task: (_, { signal }) => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
          });
          return gate.promise;
        },
      },
      { shutdownMs: 20 },
    );
    await until("the job runs", () => worker.runningCount === 1);
    await worker.stop();
    expect(reason).toBeInstanceOf(WorkerStoppingError);
    expect(await bed.job(id)).toMatchObject({ status: "pending", attempts: 0, lockedBy: null });
    gate.resolve("too late");
    await bed.logged("lease lost, result dropped", id);
    expect(await bed.job(id)).toMatchObject({ status: "pending", attempts: 0, result: null });
  });

  it("spends no attempt of a handler that fails because of the abort", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    const worker = bed.work(
      {
        fragile: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("aborted")));
          }),
      },
      { shutdownMs: 0 },
    );
    await until("the job runs", () => worker.runningCount === 1);
    await worker.stop();
    await until("the handler has ended", () => worker.runningCount === 0);
    expect(await bed.job(id)).toMatchObject({ status: "pending", attempts: 0, lastError: null });
    expect(bed.lines.filter((line) => line.msg.startsWith("run failed"))).toEqual([]);
  });

  it("waits without a deadline of its own for nothing: all slots free, it stops at once", async () => {
    const bed = await WorkerBed.open();
    const worker = bed.work({ task: () => 1 }, { shutdownMs: 600_000, pollMs: 600_000 });
    await bed.logged("worker started");
    await worker.stop();
    expect(bed.lines.map((line) => line.msg)).toEqual([
      "worker started",
      "worker stopping",
      "worker stopped",
    ]);
  });

  it("stops once, however often it is told to", async () => {
    const bed = await WorkerBed.open();
    const worker = bed.work({ task: () => 1 });
    const first = worker.stop();
    const second = worker.stop();
    await Promise.all([first, second]);
    await worker.stop();
    expect(bed.lines.filter((line) => line.msg === "worker stopped")).toHaveLength(1);
  });

  it("stops also when the database is locked, and leaves its presence to others", async () => {
    const bed = await WorkerBed.open({ busyDeadlineMs: 20 });
    const worker = bed.work({ task: () => 1 });
    await until("the worker shows itself", async () => (await bed.store.workers()).length === 1);
    const unlock = await bed.lock();
    await worker.stop();
    unlock();
    expect(await bed.store.workers()).toHaveLength(1);
    expect(bed.lines.at(-1)?.msg).toBe("worker stopped");
  });

  it("leaves no trace of itself among the workers", async () => {
    const bed = await WorkerBed.open();
    const worker = bed.work({ task: () => 1 });
    await until("the worker shows itself", async () => (await bed.store.workers()).length === 1);
    await worker.stop();
    expect(await bed.store.workers()).toEqual([]);
  });

  it("does not start again, and one that was stopped first never starts", async () => {
    const bed = await WorkerBed.open();
    const worker = bed.createWorker({ task: () => 1 });
    await worker.stop();
    worker.start();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    await worker.stop();
    expect((await bed.job(id)).status).toBe("pending");
    expect(await bed.store.workers()).toEqual([]);
    expect(bed.lines.map((line) => line.msg)).not.toContain("worker started");
  });
});
