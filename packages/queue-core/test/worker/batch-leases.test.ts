import { describe, expect, it } from "vitest";
import { type BatchContext, LeaseLostError, WorkerStoppingError } from "../../src/index.ts";
import { ChildWorker } from "./child-worker.ts";
import { until } from "./until.ts";
import { SHORT_LEASE_MS, WorkerBed } from "./worker-bed.ts";

const payloads = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

const aborted = ({ signal }: BatchContext): Promise<unknown> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });

describe("R16: a batch whose leases are lost", () => {
  it("records nothing, and each job runs once elsewhere; what was still its own is recorded", async () => {
    const bed = await WorkerBed.open();
    const ids = (await bed.queue.enqueueMany("task", payloads(3))).map(({ id }) => id);
    const [first = "", second = "", kept = ""] = ids;
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const reasons: unknown[] = [];
    bed.work(
      {
        task: {
          batch: { size: 3 },
          handle: async (batch) => {
            begun.resolve();
            await gate.promise;
            for (const job of batch) {
              reasons.push(job.signal.reason);
              job.enqueue("other", { n: job.payload.n });
              job.complete("from the loser");
            }
          },
        },
      },
      { workerId: "loser", concurrency: 1, leaseMs: SHORT_LEASE_MS },
    );
    await begun.promise;
    for (const id of [first, second]) await bed.takeAway(id);
    bed.work(
      {
        task: {
          batch: { size: 3 },
          handle: (batch) => batch.forEach((job) => job.complete("from the winner")),
        },
      },
      { workerId: "winner" },
    );
    for (const id of [first, second]) await bed.reaches(id, "completed");
    await until(
      "the loser hears of it",
      () => bed.lines.filter(({ msg }) => msg === "signal aborted").length === 2,
    );
    gate.resolve();
    for (const id of [first, second]) await bed.logged("lease lost, result dropped", id);
    expect(await bed.reaches(kept, "completed")).toMatchObject({ result: "from the loser" });
    expect(reasons).toEqual([expect.any(LeaseLostError), expect.any(LeaseLostError), undefined]);
    for (const id of [first, second]) {
      expect(await bed.job(id)).toMatchObject({ result: "from the winner", attempts: 1 });
      expect(await bed.attempts(id)).toMatchObject([{ outcome: "completed", workerId: "winner" }]);
    }
    expect((await bed.jobsOf("other")).map(({ payload }) => payload)).toEqual([{ n: 2 }]);
  });

  it("is told once no job of it is its own", async () => {
    const bed = await WorkerBed.open();
    const ids = (await bed.queue.enqueueMany("fragile", payloads(2))).map(({ id }) => id);
    const begun = Promise.withResolvers<void>();
    const reason = Promise.withResolvers<unknown>();
    bed.work(
      {
        fragile: {
          batch: { size: 2 },
          handle: async (_, context) => {
            begun.resolve();
            reason.resolve(await aborted(context));
            throw new Error("gave up");
          },
        },
      },
      { concurrency: 1, leaseMs: SHORT_LEASE_MS },
    );
    await begun.promise;
    await bed.queue.pause("fragile");
    for (const id of ids) await bed.takeAway(id);
    expect(await reason.promise).toBeInstanceOf(LeaseLostError);
    for (const id of ids) await bed.logged("lease lost, result dropped", id);
    for (const id of ids) expect(await bed.job(id)).toMatchObject({ status: "pending", attempts: 0 });
  });
});

describe("R16: a worker that is stopped", () => {
  it("waits for its batch, and for a handler that goes on when all its jobs have ended", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany("task", payloads(2));
    const gate = Promise.withResolvers<void>();
    let isOver = false;
    const worker = bed.work(
      {
        task: {
          batch: { size: 2 },
          handle: async (batch) => {
            for (const job of batch) job.complete();
            await gate.promise;
            isOver = true;
          },
        },
      },
      { shutdownMs: 60_000 },
    );
    for (const { id } of jobs) await bed.reaches(id, "completed");
    const stopped = worker.stop();
    await bed.logged("worker stopping");
    gate.resolve();
    await stopped;
    expect(isOver).toBe(true);
  });

  it("hands back unspent, at the deadline, those of its batch that have not ended", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany("task", payloads(3));
    const [ended = "", ...open] = jobs.map(({ id }) => id);
    const reason = Promise.withResolvers<unknown>();
    const worker = bed.work(
      {
        task: {
          batch: { size: 3 },
          handle: async (batch, context) => {
            batch[0]?.complete("in time");
            reason.resolve(await aborted(context));
            batch[1]?.complete("too late");
            batch[2]?.fail(new Error("too late"));
          },
        },
      },
      { shutdownMs: 0 },
    );
    await bed.reaches(ended, "completed");
    await worker.stop();
    expect(await reason.promise).toBeInstanceOf(WorkerStoppingError);
    for (const id of open) {
      await bed.logged("lease lost, result dropped", id);
      expect(await bed.job(id)).toMatchObject({ status: "pending", attempts: 0, result: null });
    }
    expect(await bed.job(ended)).toMatchObject({ attempts: 1, result: "in time" });
  });

  it("tells a handler at the deadline whose jobs have all ended", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const reason = Promise.withResolvers<unknown>();
    const worker = bed.work({
      task: {
        batch: { size: 1 },
        handle: async ([job], context) => {
          job?.complete();
          reason.resolve(await aborted(context));
        },
      },
    });
    await bed.reaches(id, "completed");
    await worker.stop();
    expect(await reason.promise).toBeInstanceOf(WorkerStoppingError);
  });

  it("ends at once while a batch gathers, which another worker then takes whole", async () => {
    const bed = await WorkerBed.open();
    const [job] = await bed.queue.enqueueMany("task", payloads(1));
    const child = ChildWorker.start(bed, "batch");
    await child.says("worker started");
    child.tell("stop");
    expect(await child.exit()).toBe(0);
    expect(child.witnessed).toEqual([]);
    await bed.queue.enqueueMany("task", payloads(2));
    const sizes: number[] = [];
    bed.work({
      task: { batch: { size: 3, lingerMs: 3_600_000 }, handle: (batch) => void sizes.push(batch.length) },
    });
    expect(await bed.reaches(job?.id ?? "", "completed")).toMatchObject({ attempts: 1 });
    expect(sizes).toEqual([3]);
  });
});

describe("R16: a worker that is killed in a batch", () => {
  it("loses each of its jobs to another one, none of them charged", async () => {
    const bed = await WorkerBed.open();
    const ids = (await bed.queue.enqueueMany("task", payloads(3))).map(({ id }) => id);
    const child = ChildWorker.start(bed, "batch", { leaseMs: SHORT_LEASE_MS });
    await until("the batch runs", () => child.witnessed.includes("batch of 0 1 2"));
    await bed.reaches(ids[0] ?? "", "completed");
    await child.kill();
    const handle = (batch: readonly { readonly complete: (result: string) => void }[]): void => {
      for (const each of batch) each.complete("rescued");
    };
    bed.work({ task: { batch: { size: 3, lingerMs: 0 }, handle } }, { leaseMs: SHORT_LEASE_MS });
    for (const id of ids) await bed.reaches(id, "completed");
    const jobs = await Promise.all(ids.map((id) => bed.job(id)));
    expect(jobs.map(({ result }) => result)).toEqual(["ended before", "rescued", "rescued"]);
    expect(jobs.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });
});
