import { existsSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createQueue, createWorker, type JobHandlers, type Queue, type Worker } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import type { JobStore } from "../../src/store.ts";
import { createFolder } from "../sqlite/sqlite-test-database.ts";
import { WORKER_JOBS } from "./job-types.ts";
import { until } from "./until.ts";

// Every worker here polls once a minute: what runs within the time of a test was not waited for by a poll.

interface Process {
  readonly store: JobStore;
  readonly queue: Queue<typeof WORKER_JOBS>;
  readonly worker: Worker;
}

let folder: ReturnType<typeof createFolder>;
let processes: Process[];
let ran: number;
let running: number;
let most: number;

beforeEach(() => {
  folder = createFolder();
  processes = [];
  [ran, running, most] = [0, 0, 0];
});
afterEach(async () => {
  for (const { worker, store } of processes) {
    await worker.stop();
    await store.close();
  }
  folder.remove();
});

type Handlers = JobHandlers<typeof WORKER_JOBS, unknown>;

async function open(concurrency: number, own?: Handlers): Promise<Process> {
  const store = await openSqliteStore({ path: `${folder.path}/jobs.db` });
  const queue = createQueue({ store, jobs: WORKER_JOBS });
  const task = async (): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    running -= 1;
    ran += 1;
  };
  const worker = createWorker({ queue, handlers: own ?? { task }, concurrency, pollMs: 60_000 });
  const process = { store, queue, worker };
  processes.push(process);
  return process;
}

function bells(): number {
  const path = `${folder.path}/jobs.db-bells`;
  return existsSync(path) ? readdirSync(path).length : 0;
}

const jobs = (count: number): { readonly n: number }[] => Array.from({ length: count }, (_, n) => ({ n }));

describe("R12: a worker of a limited type", () => {
  it("wakes when the next token comes", async () => {
    const { queue, worker } = await open(5);
    await queue.setLimit("task", { rate: { limit: 50, periodMs: 1_000, burst: 2 } });
    await queue.enqueueMany("task", jobs(12));
    worker.start();
    await until("all to run", () => ran === 12);
    // On a busy machine more than the burst may run at once, as tokens come while a run has not ended.
    expect(most).toBeLessThan(12);
  });

  it("goes on as places are given back, here and in another process", async () => {
    const [first, second] = [await open(5), await open(5)];
    await first.queue.setLimit("task", { concurrency: 3 });
    await first.queue.enqueueMany("task", jobs(60));
    first.worker.start();
    second.worker.start();
    await until("all to run", () => ran === 60);
    expect(most).toBeLessThanOrEqual(3);
  });

  it("goes on with what a key holds back, as its runs end and its tokens come", async () => {
    const [first, second] = [await open(5), await open(5)];
    await first.queue.setLimit("task", { perKey: { concurrency: 1 } });
    await first.queue.setLimit("other", { perKey: { rate: { limit: 100, periodMs: 1_000 } } });
    await first.queue.enqueueMany("task", jobs(30), { limitKey: "a" });
    first.worker.start();
    second.worker.start();
    await until("all of one key to run", () => ran === 30);
    expect(most).toBe(1);
    await first.queue.setLimit("task", { perKey: { rate: { limit: 100, periodMs: 1_000 } } });
    for (const limitKey of ["a", "b"]) await first.queue.enqueueMany("task", jobs(5), { limitKey });
    await until("all of two keys to run", () => ran === 40);
  });

  it("is rung for when a place comes free whose worker took something else", async () => {
    const [taskEnds, otherEnds] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const begun: string[] = [];
    const busy = await open(1, {
      task: () => (begun.push("task"), taskEnds.promise),
      other: () => (begun.push("other"), otherEnds.promise),
    });
    const { queue } = busy;
    await queue.setLimit("task", { concurrency: 1 });
    await queue.enqueue("task", { n: 1 });
    busy.worker.start();
    await until("the first to run", () => begun.length === 1);
    const idle = await open(1);
    idle.worker.start();
    await queue.enqueue("other", { n: 2 }, { priority: 90 });
    await queue.enqueue("task", { n: 3 });
    await until("the idle one to hang its bell", () => bells() === 1);
    taskEnds.resolve();
    await until("the second to run", () => ran === 1);
    expect(begun).toEqual(["task", "other"]);
    otherEnds.resolve();
  });

  it("hears of a limit that was raised or lifted", async () => {
    const { worker } = await open(5);
    const { queue } = await open(1);
    await queue.setLimit("task", { rate: { limit: 1, periodMs: 86_400_000 } });
    worker.start();
    await queue.enqueueMany("task", jobs(4));
    await until("the first to run", () => ran === 1);
    await queue.setLimit("task", { rate: { limit: 1_000, periodMs: 1 } });
    await until("all to run", () => ran === 4);
    await queue.setLimit("task", { rate: { limit: 1, periodMs: 86_400_000 } });
    await queue.enqueueMany("task", jobs(4));
    await queue.setLimit("task", null);
    await until("the rest to run", () => ran === 8);
    expect(await queue.limits()).toEqual([]);
  });

  it("R16: that is handled in batches runs smaller ones, and goes on as its places come free", async () => {
    const sizes: number[] = [];
    const handle = async (batch: readonly unknown[]): Promise<void> => {
      running += batch.length;
      most = Math.max(most, running);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      running -= batch.length;
      ran += batch.length;
      sizes.push(batch.length);
    };
    const own = { task: { batch: { size: 10 }, handle } };
    const [first, second] = [await open(2, own), await open(2, own)];
    await first.queue.setLimit("task", { concurrency: 4 });
    await first.queue.enqueueMany("task", jobs(40));
    first.worker.start();
    second.worker.start();
    await until("all to run", () => ran === 40);
    expect(most).toBeLessThanOrEqual(4);
    await first.queue.setLimit("task", { rate: { limit: 5, periodMs: 100, burst: 5 } });
    await first.queue.enqueueMany("task", jobs(12));
    await until("those that wait for tokens to run", () => ran === 52);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5);
  });
});
