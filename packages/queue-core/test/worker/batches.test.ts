import { describe, expect, it } from "vitest";
import type { BatchJob } from "../../src/index.ts";
import { WorkerBed } from "./worker-bed.ts";

const payloads = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

describe("R16: a job type that is handled in batches", () => {
  it("is run at once when the batch is full, and each job ends by itself", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany("task", payloads(3), { maxAttempts: 1 });
    const sizes: number[] = [];
    bed.work({
      task: {
        batch: { size: 3, lingerMs: 3_600_000 },
        handle: (batch) => {
          sizes.push(batch.length);
          batch[0]?.complete("done");
          batch[1]?.fail(new Error("no luck"));
        },
      },
    });
    const [first, second, third] = jobs.map(({ id }) => id);
    expect((await bed.reaches(first ?? "", "completed")).result).toBe("done");
    expect((await bed.dies(second ?? "")).lastError).toContain("no luck");
    expect((await bed.reaches(third ?? "", "completed")).result).toBeNull();
    expect(sizes).toEqual([3]);
  });

  it("leaves a batch that is not full in the queue while it lingers, and hands back nothing at a stop", async () => {
    const bed = await WorkerBed.open();
    const [job] = await bed.queue.enqueueMany("task", payloads(1));
    const worker = bed.work({
      task: { batch: { size: 2, lingerMs: 3_600_000 }, handle: () => undefined },
    });
    await bed.logged("worker started");
    expect(await bed.store.untilGathered({ lines: ["task"], size: 2, lingerMs: 0 })).toBe(0);
    await worker.stop();
    expect(await bed.job(job?.id ?? "")).toMatchObject({ status: "pending", attempts: 0 });
  });

  it("is run though it is not full when its oldest job has waited long enough", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const handlers = { task: { batch: { size: 100, lingerMs: 400 }, handle: () => undefined } };
    // It wakes when the linger is over, without a poll.
    bed.work(handlers, { pollMs: 60_000, leaseMs: 600_000 });
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1 });
  });

  it("a handler that throws fails those that it has said nothing about", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany("task", payloads(2), { maxAttempts: 1 });
    bed.work({
      task: {
        batch: { size: 2 },
        handle: async (batch) => {
          batch[0]?.complete();
          throw new Error("out of luck");
        },
      },
    });
    await bed.reaches(jobs[0]?.id ?? "", "completed");
    expect((await bed.dies(jobs[1]?.id ?? "")).lastError).toContain("out of luck");
  });

  it("a job that is cancelled is told, its neighbour is not; it ends once", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany("task", payloads(2));
    const started = Promise.withResolvers<readonly BatchJob[]>();
    const goOn = Promise.withResolvers<void>();
    bed.work({
      task: {
        batch: { size: 2 },
        handle: async (batch) => {
          started.resolve(batch as unknown as readonly BatchJob[]);
          await goOn.promise;
          batch[0]?.fail(new Error("stopped"));
          batch[1]?.complete(batch[1].signal.aborted);
        },
      },
    });
    const [first, second] = await started.promise;
    const aborted = new Promise((resolve) => {
      first?.signal.addEventListener("abort", resolve);
    });
    await bed.store.cancel(jobs[0]?.id ?? "");
    await aborted;
    goOn.resolve();
    await bed.reaches(jobs[0]?.id ?? "", "cancelled");
    expect((await bed.reaches(jobs[1]?.id ?? "", "completed")).result).toBe(false);
    expect(() => second?.complete()).toThrow(expect.objectContaining({ code: "RUN_ENDED" }));
  });

  it("takes one slot, so that a worker of one job at a time runs a batch, and others between", async () => {
    const bed = await WorkerBed.open();
    const many = await bed.queue.enqueueMany("task", payloads(5));
    const other = await bed.queue.enqueue("other", { n: 1 });
    const sizes: number[] = [];
    bed.work(
      {
        task: { batch: { size: 5 }, handle: async (batch) => void sizes.push(batch.length) },
        other: () => undefined,
      },
      { concurrency: 1 },
    );
    for (const { id } of [...many, other]) await bed.reaches(id, "completed");
    expect(sizes).toEqual([5]);
  });

  it("leaves the other slots to others while it runs", async () => {
    const bed = await WorkerBed.open();
    const many = await bed.queue.enqueueMany("task", payloads(5));
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const handle = async (): Promise<void> => {
      started.resolve();
      await goOn.promise;
    };
    bed.work({ task: { batch: { size: 5 }, handle }, other: () => undefined }, { concurrency: 2 });
    await started.promise;
    const { id } = await bed.queue.enqueue("other", { n: 1 });
    await bed.reaches(id, "completed");
    expect(await Promise.all(many.map(async (job) => (await bed.job(job.id)).status))).toEqual(
      many.map(() => "processing"),
    );
    goOn.resolve();
    for (const job of many) await bed.reaches(job.id, "completed");
  });

  it("refuses a size or a linger that is out of range", async () => {
    const bed = await WorkerBed.open();
    const handle = (): void => undefined;
    for (const batch of [{ size: 0 }, { size: 1_001 }, { size: 1, lingerMs: -1 }])
      expect(() => bed.createWorker({ task: { batch, handle } })).toThrow(
        expect.objectContaining({ code: "OPTION_INVALID" }),
      );
  });
});
