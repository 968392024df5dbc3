import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { createKeyring, createQueue, createWorker, defineJob, type Worker } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import type { JobStore } from "../../src/store.ts";
import { createFolder } from "../sqlite/sqlite-test-database.ts";
import { until } from "./until.ts";

// Two deploys at work on one file, each with a store and a worker of its own.

const OLD_JOBS = [defineJob("greet", { payload: z.object({ name: z.string() }) })] as const;
const NEW_JOBS = [
  defineJob("greet", {
    payload: z.object({ first: z.string(), n: z.number() }),
    version: 2,
    upcasters: { 1: ({ name }: { name: string }) => ({ first: name, n: Number(name) }) },
    encrypted: true,
  }),
] as const;
const keyring = createKeyring([{ id: "key-1", secret: Buffer.alloc(32, 5) }]);
/** Jobs that each deploy enqueues. */
const EACH = 100;

let folder: ReturnType<typeof createFolder>;
let stores: JobStore[];
let workers: Worker[];
beforeEach(async () => {
  folder = createFolder();
  const path = `${folder.path}/jobs.db`;
  stores = [await openSqliteStore({ path }), await openSqliteStore({ path })];
  workers = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await Promise.all(stores.map((store) => store.close()));
  folder.remove();
});

function start(worker: Worker): void {
  workers.push(worker);
  worker.start();
}

it("each job runs once where it can be read, and what the old deploy cannot read waits for the new one", async () => {
  const [one, two] = stores as [JobStore, JobStore];
  const old = createQueue({ store: one, jobs: OLD_JOBS });
  const newer = createQueue({ store: two, jobs: NEW_JOBS, keyring });
  const ranOld: unknown[] = [];
  const ranNew: number[] = [];
  const handlers = { greet: (payload: unknown) => void ranOld.push(payload) };
  start(createWorker({ queue: old, pollMs: 5, handlers }));
  const numbers = Array.from({ length: EACH }, (_, n) => n);
  await newer.enqueueMany(
    "greet",
    numbers.map((n) => ({ first: "x", n: n + EACH })),
  );
  // What the old worker can read lies behind what it cannot.
  await old.enqueueMany(
    "greet",
    numbers.map((n) => ({ name: String(n) })),
  );
  await until("the old deploy's jobs to run", () => ranOld.length === EACH);
  expect((await old.stats()).queue).toMatchObject({ pending: EACH, scheduled: 0, failed: 0 });
  const { unread } = await old.stats();
  expect(unread).toMatchObject([{ type: "greet", payloadVersion: 2, keyId: "key-1", count: EACH }]);

  start(createWorker({ queue: newer, pollMs: 5, handlers: { greet: ({ n }) => void ranNew.push(n) } }));
  const more = await old.enqueueMany(
    "greet",
    numbers.map((n) => ({ name: String(n) })),
  );
  await until("all jobs to run", () => ranOld.length + ranNew.length === 3 * EACH);
  expect(ranNew.filter((n) => n >= EACH).toSorted((a, b) => a - b)).toEqual(numbers.map((n) => n + EACH));
  expect(ranOld.every((payload) => Object.keys(payload as object).join() === "name")).toBe(true);
  await until("the last to be recorded", async () => (await old.stats()).queue.processing === 0);
  expect((await old.stats()).queue).toMatchObject({ pending: 0, failed: 0 });
  expect((await old.stats()).unread).toEqual([]);
  for (const { id } of more) expect(await one.getJob(id)).toMatchObject({ attempts: 1, snoozes: 0 });
});
