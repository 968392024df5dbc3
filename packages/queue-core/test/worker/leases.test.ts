import { describe, expect, it } from "vitest";
import { createQueue, JobCancelledError, LeaseLostError } from "../../src/index.ts";
import { WORKER_JOBS } from "./job-types.ts";
import { until } from "./until.ts";
import { SHORT_LEASE_MS, WorkerBed } from "./worker-bed.ts";

const leaseMs = SHORT_LEASE_MS;

/** Resolves with the reason when a signal aborts. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(signal.reason));
  });
}

describe("cancelling a running job", () => {
  it("aborts its signal, and ends it as cancelled when the handler gives up, with no attempt spent", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let reason: unknown;
    const worker = bed.work(
      {
        task: async (_, { signal }) => {
          reason = await aborted(signal);
          signal.throwIfAborted();
        },
      },
      { leaseMs },
    );
    await until("the job runs", () => worker.runningCount === 1);
    expect(await bed.store.cancel(id)).toBe("processing");
    expect(await bed.reaches(id, "cancelled")).toMatchObject({ attempts: 0, completedAt: null });
    expect(reason).toBeInstanceOf(JobCancelledError);
    expect(await bed.attempts(id)).toEqual([]);
    expect((await bed.logged("run ended", id))["status"]).toBe("cancelled");
  });

  describe("long before the next beat", () => {
    // A beat is due every 30 s: more than any test waits.
    const patient = { leaseMs: 90_000, concurrency: 1 };
    const untilAborted = async (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
      throw await aborted(signal);
    };

    it("reaches a worker whose slots are all taken, from any process", async () => {
      const bed = await WorkerBed.open();
      const elsewhere = await bed.openStore();
      const { id } = await bed.queue.enqueue("task", { n: 1 });
      const worker = bed.work({ task: untilAborted }, patient);
      await until("the job runs", () => worker.runningCount === 1);
      expect(await elsewhere.cancel(id)).toBe("processing");
      await bed.reaches(id, "cancelled");
    });

    it("reaches it at once from its own process, however seldom it looks", async () => {
      const bed = await WorkerBed.open();
      const { id } = await bed.queue.enqueue("task", { n: 1 });
      const worker = bed.work({ task: untilAborted }, { ...patient, pollMs: 100_000 });
      // Nothing wakes it but its first beat.
      await until("the job runs", () => worker.runningCount === 1);
      await bed.store.cancel(id);
      expect(await bed.reaches(id, "cancelled")).toMatchObject({ attempts: 0 });
    });

    it("reaches it while it stops, too", async () => {
      const bed = await WorkerBed.open();
      const elsewhere = await bed.openStore();
      const { id } = await bed.queue.enqueue("task", { n: 1 });
      const worker = bed.work({ task: untilAborted }, { ...patient, shutdownMs: 600_000 });
      await until("the job runs", () => worker.runningCount === 1);
      const stopped = worker.stop();
      await bed.logged("worker stopping");
      await elsewhere.cancel(id);
      await stopped;
      expect((await bed.job(id)).status).toBe("cancelled");
    });

    it("looks for nothing while nothing runs, and not after the stop", async () => {
      const bed = await WorkerBed.open();
      let looks = 0;
      const store = new Proxy(bed.store, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (name === "cancelRequests") looks += 1;
          return typeof member === "function" ? member.bind(target) : member;
        },
      });
      const gate = Promise.withResolvers<void>();
      const worker = bed.createWorker(
        { task: () => gate.promise, other: () => 1 },
        { queue: createQueue({ store, jobs: WORKER_JOBS }), ...patient },
      );
      worker.start();
      const { id } = await bed.queue.enqueue("task", { n: 1 });
      await until("it looks", () => looks > 3);
      gate.resolve();
      await bed.reaches(id, "completed");
      await until("it is idle", () => worker.runningCount === 0);
      looks = 0;
      // Its loop has gone round several times meanwhile.
      for (let n = 0; n < 5; n += 1)
        await bed.reaches((await bed.queue.enqueueDelayed("other", { n }, 20)).id, "completed");
      expect(looks).toBeLessThanOrEqual(5);
      await worker.stop();
    });
  });

  it("that ignores it ends as cancelled all the same when its worker stops", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const worker = bed.work({ task: () => new Promise(() => {}) }, { shutdownMs: 0 });
    await until("the job runs", () => worker.runningCount === 1);
    await bed.store.cancel(id);
    await worker.stop();
    expect(await bed.job(id)).toMatchObject({ status: "cancelled", attempts: 0 });
  });

  it("loses against a completion that comes in, with what that asks for", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const worker = bed.work(
      {
        task: async (_, context) => {
          await aborted(context.signal);
          context.enqueue("other", { n: 2 });
          return "it was done already";
        },
      },
      { leaseMs },
    );
    await until("the job runs", () => worker.runningCount === 1);
    await bed.store.cancel(id);
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "it was done already" });
    expect(await bed.jobsOf("other")).toHaveLength(1);
  });

  it("does not touch the jobs beside it", async () => {
    const bed = await WorkerBed.open();
    const [gone, stays] = await bed.queue.enqueueMany("task", [{ n: 1 }, { n: 2 }]);
    const gate = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    const worker = bed.work(
      {
        task: async ({ n }, { signal }) => {
          signals[n] = signal;
          await Promise.race([aborted(signal), gate.promise]);
          signal.throwIfAborted();
        },
      },
      { leaseMs },
    );
    await until("both run", () => worker.runningCount === 2);
    await bed.store.cancel(gone?.id ?? "");
    await bed.reaches(gone?.id ?? "", "cancelled");
    expect(signals[2]?.aborted).toBe(false);
    gate.resolve();
    await bed.reaches(stays?.id ?? "", "completed");
  });
});

describe("R13: a lease that is lost", () => {
  it("aborts the signal; the result is dropped and logged, and the job runs once elsewhere", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let reason: unknown;
    const worker = bed.work(
      {
        task: async (_, { signal }) => {
          reason = await aborted(signal);
          return "from the one that lost it";
        },
      },
      { leaseMs, concurrency: 1, workerId: "loser" },
    );
    await until("the job runs", () => worker.runningCount === 1);
    await bed.takeAway(id);
    const claimed = await bed.queue.dequeue("winner");
    const line = await bed.logged("lease lost, result dropped", id);
    expect(reason).toBeInstanceOf(LeaseLostError);
    expect(line).toMatchObject({ workerId: "loser", attempt: 1 });
    expect(await bed.job(id)).toMatchObject({ status: "processing", lockedBy: "winner" });
    if (claimed) await bed.queue.completeJob(claimed, "from the winner");
    expect(await bed.job(id)).toMatchObject({ attempts: 1, result: "from the winner" });
  });

  it("spends no attempt when the handler fails because of it", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    const worker = bed.work(
      {
        fragile: async (_, { signal }) => {
          throw await aborted(signal);
        },
      },
      { leaseMs, concurrency: 1 },
    );
    await until("the job runs", () => worker.runningCount === 1);
    await bed.takeAway(id);
    await bed.queue.dequeue("winner");
    await bed.logged("lease lost, result dropped", id);
    expect(bed.lines.filter((line) => line.msg.startsWith("run failed"))).toEqual([]);
    expect(await bed.job(id)).toMatchObject({ status: "processing", attempts: 0, lockedBy: "winner" });
  });

  it("leaves a second run of the job on the same worker alone when the first one ends", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const gates = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const signals: AbortSignal[] = [];
    const worker = bed.work(
      { task: (_, { signal }) => gates[signals.push(signal) - 1]?.promise },
      { leaseMs, concurrency: 2 },
    );
    await until("the job runs", () => signals.length === 1);
    await bed.takeAway(id);
    await until("it runs a second time", () => signals.length === 2);
    gates[0]?.resolve("from the first run");
    await bed.logged("lease lost, result dropped", id);
    expect(worker.runningCount).toBe(1);
    const rescuer = await bed.openStore();
    await untilRescuedOrBeaten(bed, rescuer);
    gates[1]?.resolve("from the second run");
    expect(await bed.reaches(id, "completed")).toMatchObject({ result: "from the second run", attempts: 1 });
    expect(signals[1]?.aborted).toBe(false);
  });
});

describe("R13: a job that the store says is a worker's own, but that it does not run", () => {
  it("is handed back, so that its beat does not keep it for ever", async () => {
    const bed = await WorkerBed.open();
    const lost = await bed.queue.enqueue("task", { n: 1 });
    // An earlier process of the same name claimed it and died.
    await bed.queue.dequeue("worker-1", { types: ["task"] });
    const busy = await bed.queue.enqueue("other", { n: 1 });
    const gate = Promise.withResolvers<void>();
    bed.work({ task: () => "done", other: () => gate.promise }, { leaseMs, workerId: "worker-1" });
    expect(await bed.reaches(lost.id, "completed")).toMatchObject({ attempts: 1, result: "done" });
    gate.resolve();
    await bed.reaches(busy.id, "completed");
  });
});

describe("R13: a worker that dies", () => {
  it("loses its jobs to another worker, with no scheduler to help and no attempt spent", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    await bed.queue.dequeue("dead", { leaseMs });
    bed.work({ task: () => "done" }, { leaseMs });
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "done" });
    expect((await bed.logged("jobs of silent workers handed back"))["rescued"]).toBe(1);
  });
});

/** Has a store look for silent workers for as long as it takes to rescue one that beats no more. */
async function untilRescuedOrBeaten(
  bed: WorkerBed,
  rescuer: Awaited<ReturnType<WorkerBed["openStore"]>>,
): Promise<void> {
  const beats = new Set<number>();
  await until("the worker has beaten through more than a lease, or was rescued", async () => {
    const rescued = await rescuer.rescue();
    const [worker] = await bed.store.workers();
    beats.add(worker?.seenAt.getTime() ?? 0);
    return rescued > 0 || beats.size > 6;
  });
}
