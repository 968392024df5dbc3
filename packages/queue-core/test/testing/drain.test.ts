import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createQueue, defineJob, fixed, type Queue, snooze } from "../../src/index.ts";
import { drain, FakeClock, MemoryDatabase } from "../../src/testing/index.ts";
import { findFaults } from "../sqlite/invariants.ts";

const payload = z.object({ n: z.number() });
const JOBS = [
  defineJob("first", { payload, retry: { attempts: 3, backoff: fixed({ delayMs: 60_000 }) } }),
  defineJob("second", { payload }),
] as const;

let memory: MemoryDatabase;
let clock: FakeClock;
let queue: Queue<typeof JOBS>;
beforeEach(async () => {
  memory = await MemoryDatabase.open();
  clock = new FakeClock();
  queue = createQueue({ store: memory.openStore({ clock }), jobs: JOBS, clock });
});
afterEach(() => {
  expect(findFaults(memory.database)).toEqual([]);
  memory.close();
});

describe("drain", () => {
  it("refuses a clock that the store does not go by", async () => {
    await queue.enqueueDelayed("first", { n: 1 }, 60_000);
    const other = new FakeClock();
    await expect(drain({ queue, handlers: { first: () => 1 }, clock: other })).rejects.toThrow(
      "the store does not go by",
    );
  });

  it("runs what there is and what that enqueues, and tells of each run", async () => {
    const { id } = await queue.enqueue("first", { n: 1 });
    const seen: number[] = [];
    const runs = await drain({
      queue,
      handlers: {
        first: ({ n }, ctx) => ctx.enqueue("second", { n: n + 1 }),
        second: async ({ n }) => {
          await Promise.resolve();
          seen.push(n);
        },
      },
    });
    expect(seen).toEqual([2]);
    expect(runs).toMatchObject([
      { jobId: id, type: "first", attempt: 1, status: "completed", error: null },
      { type: "second", attempt: 1, status: "completed", error: null },
    ]);
    expect(await drain({ queue, handlers: { first: () => undefined } })).toEqual([]);
  });

  it("leaves what is not due, unless it may move the clock", async () => {
    await queue.enqueue("first", { n: 1 });
    const handlers = {
      first: (_: unknown, { attempt }: { attempt: number }) => {
        if (attempt < 3) throw new Error(`no luck, ${attempt}`);
      },
    };
    const once = await drain({ queue, handlers });
    expect(once).toMatchObject([
      { attempt: 1, status: "scheduled", error: expect.stringContaining("no luck, 1") },
    ]);
    const begin = clock.now();
    const rest = await drain({ queue, handlers, clock });
    expect(rest).toMatchObject([
      { attempt: 2, status: "scheduled" },
      { attempt: 3, status: "completed" },
    ]);
    expect(clock.now() - begin).toBe(120_000);
  });

  it("moves the clock to where a rate lets through the next job, too", async () => {
    await queue.setLimit("first", { rate: { limit: 1, periodMs: 1_000 } });
    await queue.enqueueMany("first", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const handlers = { first: () => undefined };
    expect(await drain({ queue, handlers })).toHaveLength(1);
    const begin = clock.now();
    expect(await drain({ queue, handlers, clock })).toHaveLength(2);
    expect(clock.now() - begin).toBe(2_000);
  });

  it("ends with dead letters, and stops at jobs of types it has no handler for", async () => {
    await queue.enqueue("first", { n: 1 }, { maxAttempts: 1 });
    await queue.enqueueDelayed("second", { n: 1 }, 1_000);
    const handlers = {
      first: () => {
        throw new Error("no luck");
      },
    };
    expect(await drain({ queue, handlers, clock })).toMatchObject([
      { status: "failed", error: expect.stringContaining("no luck") },
    ]);
    expect((await queue.stats()).queue).toMatchObject({ failed: 1, scheduled: 1 });
  });

  it("says so when it does not come to an end, or has no handler at all", async () => {
    await queue.enqueue("first", { n: 1 });
    const forever = drain({ queue, handlers: { first: () => snooze(1_000) }, clock, maxRuns: 20 });
    await expect(forever).rejects.toThrow(
      'drain has made 20 runs and there are more; the last was of a "first"',
    );
    await expect(drain({ queue, handlers: {} })).rejects.toMatchObject({
      code: "HANDLER_MISSING",
    });
  });

  it("says why a job whose payload cannot be read did not run", async () => {
    const older = createQueue({
      store: queue.store,
      jobs: [defineJob("first", { payload: z.object({}) })],
      clock,
    });
    await older.enqueue("first", {});
    expect(await drain({ queue, handlers: { first: () => undefined } })).toMatchObject([
      { status: "failed", error: expect.stringContaining('Payload of "first" is invalid: n:') },
    ]);
  });

  it("R16: runs batches of what is there without lingering, and tells of each job's run", async () => {
    const jobs = await queue.enqueueMany("first", [{ n: 0 }, { n: 1 }, { n: 2 }]);
    const batches: (readonly number[])[] = [];
    const runs = await drain({
      queue,
      clock,
      handlers: {
        first: {
          batch: { size: 2, lingerMs: 3_600_000 },
          handle: async (batch) => {
            batches.push(batch.map(({ payload: { n } }) => n));
            for (const job of batch) {
              const isUnlucky = job.payload.n === 1 && job.attempt === 1;
              if (isUnlucky) job.fail(new Error("no luck"));
              else job.enqueue("second", { n: 10 + job.payload.n });
            }
          },
        },
        second: {
          batch: { size: 10 },
          handle: (batch) => void batches.push(batch.map(({ payload: { n } }) => n)),
        },
      },
    });
    expect(batches).toEqual([[0, 1], [2], [10, 12], [1], [11]]);
    expect(runs.filter(({ type }) => type === "first")).toMatchObject([
      { jobId: jobs[0]?.id, attempt: 1, status: "completed", error: null },
      { jobId: jobs[1]?.id, attempt: 1, status: "scheduled", error: expect.stringContaining("no luck") },
      { jobId: jobs[2]?.id, attempt: 1, status: "completed" },
      { jobId: jobs[1]?.id, attempt: 2, status: "completed" },
    ]);
  });

  it("R16: a batch holds what a limit lets through, and the clock moves on to the rest", async () => {
    await queue.setLimit("first", { rate: { limit: 2, periodMs: 1_000, burst: 2 } });
    await queue.enqueueMany("first", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const sizes: number[] = [];
    const first = {
      batch: { size: 10 },
      handle: (batch: readonly unknown[]) => void sizes.push(batch.length),
    };
    const begin = clock.now();
    expect(await drain({ queue, clock, handlers: { first } })).toHaveLength(3);
    expect(sizes).toEqual([2, 1]);
    expect(clock.now() - begin).toBe(500);
  });
});
