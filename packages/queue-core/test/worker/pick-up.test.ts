import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createQueue, defineJob, type Queue } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import type { JobStore } from "../../src/store.ts";
import { createFolder } from "../sqlite/sqlite-test-database.ts";
import { WORKER_JOBS } from "./job-types.ts";
import { until } from "./until.ts";

// Every worker here polls once a minute: what runs within the time of a test was rung for.
const ROUNDS = 200;

let folder: ReturnType<typeof createFolder>;
let path: string;
let store: JobStore;
let queue: Queue<typeof WORKER_JOBS>;
let workers: ChildProcess[];
let ran: { readonly ran: number; readonly pid: number }[];

beforeEach(async () => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
  store = await openSqliteStore({ path });
  queue = createQueue({ store, jobs: WORKER_JOBS });
  workers = [];
  ran = [];
});
afterEach(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await store.close();
  folder.remove();
});

const bells = (): readonly string[] => readdirSync(`${path}-bells`);

/** Starts idle workers, each a process, and waits until their bells hang. */
async function startWorkers(count: number): Promise<void> {
  const script = fileURLToPath(new URL("./pick-up-process.ts", import.meta.url));
  for (let i = 0; i < count; i++) {
    const worker = fork(script, [path, "1"], { execArgv: ["--conditions=source"] });
    worker.on("message", (message) => ran.push(message as (typeof ran)[number]));
    workers.push(worker);
  }
  await allIdle(count);
}

/** A bell that hangs was hung before the last look, so its worker now waits to be rung for. */
function allIdle(count: number): Promise<unknown> {
  return until("every bell to hang", () => {
    try {
      return bells().length === count;
    } catch {
      return false;
    }
  });
}

describe("R3: an idle worker in another process", () => {
  it("is woken for every job, of many, one after another", { timeout: 60_000 }, async () => {
    await startWorkers(1);
    for (let n = 0; n < ROUNDS; n++) {
      await queue.enqueue("task", { n }, { durability: "normal" });
      await until(`job ${n} to run`, () => ran.length === n + 1);
    }
    expect(ran.map((run) => run.ran)).toEqual(Array.from({ length: ROUNDS }, (_, n) => n));
  });

  it("wakes by itself when a delayed job is due, also one that was added while it slept", async () => {
    await queue.enqueueDelayed("task", { n: 1 }, 2_000);
    await startWorkers(1);
    await until("the first job to run", () => ran.length === 1);
    await queue.enqueueDelayed("task", { n: 2 }, 300);
    await until("the second job to run", () => ran.length === 2);
    expect(ran.map((run) => run.ran)).toEqual([1, 2]);
  });

  it("is woken alone: one job takes down one bell of four", async () => {
    await startWorkers(4);
    const before = new Set(bells());
    await queue.enqueue("task", { n: 1 });
    // Rung for after the commit and before anything else of this process.
    expect(bells().filter((name) => before.has(name)).length).toBeGreaterThanOrEqual(3);
    await until("the job to run", () => ran.length === 1);
    await allIdle(4);
  });

  it("is woken when a transaction commits, and not before", async () => {
    await startWorkers(1);
    await store.transaction(async (tx) => {
      await queue.enqueue("task", { n: 1 }, { tx });
      expect(bells()).toHaveLength(1);
    });
    await until("the job to run", () => ran.length === 1);
  });

  it("is woken when its type is resumed, and writes nothing before", async () => {
    await startWorkers(1);
    await queue.pause("task");
    await queue.enqueue("task", { n: 1 });
    // Rung for, it looks, finds its type paused and hangs its bell again.
    await allIdle(1);
    const watch = new Database(path, { readonly: true });
    const version = (): unknown => watch.pragma("data_version", { simple: true });
    const before = version();
    await sleep(100);
    expect(version()).toBe(before);
    watch.close();
    expect(ran).toEqual([]);
    await queue.resume("task");
    await until("the job to run", () => ran.length === 1);
  });

  it("is not woken by jobs of types that it does not take", async () => {
    await startWorkers(1);
    const [bell] = bells();
    await queue.enqueue("other", { n: 1 });
    expect(bells()).toEqual([bell]);
  });

  it("is not woken for a payload that it cannot read", async () => {
    await startWorkers(1);
    const [bell] = bells();
    const jobs = [
      defineJob("task", {
        payload: z.object({ n: z.number() }),
        version: 2,
        upcasters: { 1: (older: object) => older },
      }),
    ];
    await createQueue({ store, jobs }).enqueue("task", { n: 1 });
    expect(bells()).toEqual([bell]);
  });

  it("writes nothing while it waits", async () => {
    await startWorkers(1);
    const watch = new Database(path, { readonly: true });
    const version = (): unknown => watch.pragma("data_version", { simple: true });
    const before = version();
    // A worker that polled would have looked twice by then; its presence is shown each 15 s.
    await sleep(2_000);
    expect(version()).toBe(before);
    watch.close();
  });
});

it("R3: a bell that a killed worker left takes one ring, and the next wakes a living one", async () => {
  await startWorkers(1);
  writeFileSync(`${path}-bells/000000000000~every`, "");
  await queue.enqueueMany("task", [{ n: 1 }, { n: 2 }]);
  await until("both jobs to run", () => ran.length === 2);
  expect(bells()).not.toContain("000000000000~every");
});

it("R3: a worker that stops takes its bell down", async () => {
  await startWorkers(1);
  const [worker] = workers as [ChildProcess];
  worker.send("stop");
  await once(worker, "exit");
  expect(bells()).toEqual([]);
});

it("R3: the folder of bells is for its owner alone", async () => {
  await startWorkers(1);
  expect(statSync(`${path}-bells`).mode & 0o777).toBe(0o700);
});

it("R3: a bell that went with its whole folder is hung anew and heard", async () => {
  let rings = 0;
  const bell = store.bell({
    lines: ["task"],
    onRing: () => {
      rings += 1;
    },
    onError: (error) => expect.unreachable(error.message),
  });
  expect(bell.hang()).toBe(true);
  rmSync(`${path}-bells`, { recursive: true });
  await until("the loss to be heard", () => rings === 1);
  expect(bell.hang()).toBe(true);
  await queue.enqueue("task", { n: 1 });
  await until("the ring to be heard", () => rings === 2);
  bell.stop();
});

it("R3: where no bell can be hung a worker says so once and looks by itself", async () => {
  writeFileSync(`${path}-bells`, "a file where the folder would be");
  const errors: Error[] = [];
  const bell = store.bell({
    lines: ["task"],
    onRing: () => undefined,
    onError: (error) => errors.push(error),
  });
  expect([bell.hang(), bell.hang()]).toEqual([false, false]);
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining("looks for work by itself")]);
  bell.stop();
  rmSync(`${path}-bells`);
});
