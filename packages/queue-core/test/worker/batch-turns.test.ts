import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createKeyring, createQueue, createWorker, defineJob } from "../../src/index.ts";
import { dumpTables } from "../sqlite/sqlite-test-database.ts";
import { until } from "./until.ts";
import { WorkerBed } from "./worker-bed.ts";

const payloads = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

describe("R16: a batch type among others", () => {
  it("that always has a full batch keeps no other type waiting, of batches or of single jobs", async () => {
    const bed = await WorkerBed.open();
    await bed.queue.enqueueMany("task", payloads(4), { priority: 90 });
    const single = await bed.queue.enqueue("fragile", { n: 1 });
    const batched = await bed.queue.enqueue("other", { n: 1 });
    let batches = 0;
    bed.work(
      {
        task: {
          batch: { size: 2 },
          handle: (batch) => {
            batches += 1;
            for (const job of batch) job.enqueue("task", job.payload, { priority: 90 });
          },
        },
        other: { batch: { size: 1 }, handle: () => undefined },
        fragile: () => undefined,
      },
      { concurrency: 1 },
    );
    for (const { id } of [single, batched]) await bed.reaches(id, "completed");
    await until("batches go on", () => batches > 5);
    expect(await bed.attempts(single.id)).toHaveLength(1);
  });

  it("runs as many batches at once as there are slots", async () => {
    const bed = await WorkerBed.open();
    const jobs = await bed.queue.enqueueMany("task", payloads(9));
    const gate = Promise.withResolvers<void>();
    const sizes: number[] = [];
    const handle = async (batch: readonly unknown[]): Promise<void> => {
      if (sizes.push(batch.length) === 3) gate.resolve();
      await gate.promise;
    };
    const worker = bed.work({ task: { batch: { size: 3 }, handle } }, { concurrency: 3 });
    for (const { id } of jobs) await bed.reaches(id, "completed");
    expect(sizes).toEqual([3, 3, 3]);
    await until("all slots are free", () => worker.runningCount === 0);
  });

  it("whose linger is long starts at once when the last job of a batch comes", async () => {
    const bed = await WorkerBed.open();
    const [first] = await bed.queue.enqueueMany("task", payloads(2));
    const sizes: number[] = [];
    bed.work(
      {
        task: { batch: { size: 3, lingerMs: 3_600_000 }, handle: (batch) => void sizes.push(batch.length) },
        other: () => undefined,
      },
      // No poll in the time of a test: it is rung for.
      { pollMs: 60_000, leaseMs: 600_000 },
    );
    const beside = await bed.queue.enqueue("other", { n: 1 });
    await bed.reaches(beside.id, "completed");
    const [last] = await bed.queue.enqueueMany("task", payloads(1));
    for (const id of [first?.id, last?.id]) await bed.reaches(id ?? "", "completed");
    expect(sizes).toEqual([3]);
  });
});

describe("R16: a batch of an encrypted type with versions", () => {
  it("holds jobs of both deploys, in plain text and in today's shape, and its results are sealed", async () => {
    const bed = await WorkerBed.open();
    const oldJobs = [defineJob("pay", { payload: z.object({ iban: z.string() }) })] as const;
    const jobs = [
      defineJob("pay", {
        payload: z.object({ account: z.string() }),
        version: 2,
        upcasters: { 1: ({ iban }: { iban: string }) => ({ account: iban }) },
        encrypted: true,
      }),
    ] as const;
    const keyring = createKeyring([{ id: "key-1", secret: Buffer.alloc(32, 7) }]);
    const { store, log } = bed;
    const older = await createQueue({ store, jobs: oldJobs }).enqueue("pay", { iban: "old" });
    const queue = createQueue({ store, jobs, keyring });
    const newer = await queue.enqueueMany("pay", [{ account: "SECRET1" }, { account: "SECRET2" }]);
    const seen: (readonly string[])[] = [];
    const worker = createWorker({
      queue,
      log,
      // It wakes when the linger is over, without a poll.
      pollMs: 60_000,
      leaseMs: 600_000,
      handlers: {
        pay: {
          batch: { size: 10, lingerMs: 1_200 },
          handle: (batch) => {
            seen.push(batch.map(({ payload }) => payload.account));
            for (const job of batch) job.complete({ paid: job.payload.account });
          },
        },
      },
    });
    worker.start();
    for (const { id } of [older, ...newer]) await bed.reaches(id, "completed");
    await worker.stop();
    expect(seen).toEqual([["old", "SECRET1", "SECRET2"]]);
    expect(await queue.result(newer[1]?.id ?? "")).toEqual({ paid: "SECRET2" });
    expect(JSON.stringify(bed.sql(dumpTables))).not.toContain("SECRET");
    expect(JSON.stringify(bed.lines)).not.toContain("SECRET");
  });
});
