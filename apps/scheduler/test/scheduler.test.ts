import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobs } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import { FakeClock } from "@holdfast/queue-core/testing";
import type { ShopStore } from "@holdfast/services";
import { openShopStore } from "@holdfast/services/process";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Scheduler } from "../src/scheduler.ts";
import { declareSchedules } from "../src/schedules.ts";

const DAY_MS = 24 * 60 * 60_000;
const log = pino({ enabled: false });
const stores: ShopStore[] = [];
let folder: string;
let clock: FakeClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-scheduler-"));
  clock = new FakeClock(Date.UTC(2026, 5, 1, 23, 59, 58));
});

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await rm(folder, { recursive: true });
});

/** A scheduler process's own store, queue and loop over the shared file. */
async function openScheduler() {
  const store = await openShopStore({ DATABASE_URL: join(folder, "shop.db") }, { clock });
  stores.push(store);
  const queue = createQueue({ store, jobs, clock });
  await declareSchedules(queue, "UTC", log);
  return { queue, store, scheduler: new Scheduler({ queue, log }) };
}

it("R9: two schedulers past midnight add each slot once", async () => {
  const [first, second] = await Promise.all([openScheduler(), openScheduler()]);
  for (let seconds = 0; seconds < 4; seconds++) {
    await Promise.all([first.scheduler.tick(), second.scheduler.tick()]);
    clock.advance(1_000);
  }
  const { items } = await first.store.listJobs({ limit: 10 });
  const slots = items.map(({ type, slotAt }) => `${type} ${slotAt?.toISOString()}`).sort();
  expect(slots).toEqual([
    "daily_sales_report 2026-06-02T00:00:00.000Z",
    "reconcile_payments 2026-06-02T00:00:00.000Z",
  ]);
});

it("declaring the schedules again, as every start does, skips and doubles no slot", async () => {
  const { queue, scheduler, store } = await openScheduler();
  clock.advance(2_000);
  await declareSchedules(queue, "UTC", log);
  await scheduler.tick();
  await declareSchedules(queue, "UTC", log);
  await scheduler.tick();
  const { items } = await store.listJobs({ limit: 10, type: "daily_sales_report" });
  expect(items).toHaveLength(1);
});

it("R9: after days without a scheduler each day gets its report, and all else one run", async () => {
  const { scheduler, store } = await openScheduler();
  clock.advance(3 * DAY_MS);
  await scheduler.tick();
  const { items } = await store.listJobs({ limit: 10 });
  const slots = items.map(({ type, slotAt }) => `${type} ${slotAt?.toISOString()}`).sort();
  expect(slots).toEqual([
    "cleanup_completed_jobs 2026-06-04T03:00:00.000Z",
    "daily_sales_report 2026-06-02T00:00:00.000Z",
    "daily_sales_report 2026-06-03T00:00:00.000Z",
    "daily_sales_report 2026-06-04T00:00:00.000Z",
    "reconcile_payments 2026-06-04T23:59:00.000Z",
  ]);
});

it("a scheduler promotes due jobs and takes jobs back from a worker that died", async () => {
  const { queue, scheduler, store } = await openScheduler();
  const late = await queue.enqueueDelayed("reconcile_payments", {}, 5_000);
  const held = await queue.enqueue("cleanup_completed_jobs", {});
  await queue.dequeue("worker-that-dies", { types: ["cleanup_completed_jobs"], leaseMs: 3_000 });
  for (let seconds = 0; seconds < 6; seconds++) {
    await scheduler.tick();
    clock.advance(1_000);
  }
  await scheduler.tick();
  expect((await store.getJob(late.id))?.status).toBe("pending");
  expect(await store.getJob(held.id)).toMatchObject({ status: "pending", attempts: 0 });
});

it("a step that fails keeps no other step and no later tick from its turn", async () => {
  const { queue, store } = await openScheduler();
  const lines: string[] = [];
  const heard = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
  const delayed = await queue.enqueueDelayed("reconcile_payments", {}, 1_000);
  const failing = Object.create(queue, {
    runDueCronJobs: { value: () => Promise.reject(new Error("the disk is full")) },
  }) as typeof queue;
  clock.advance(1_000);
  await new Scheduler({ queue: failing, log: heard }).tick();
  expect(lines.join()).toContain("the disk is full");
  expect((await store.getJob(delayed.id))?.status).toBe("pending");
});

it("gives up what nobody claimed in time, of whatever type", async () => {
  const { store, queue } = await openScheduler();
  const { id } = await queue.enqueue("reconcile_payments", {}, { expireAfterMs: 1_000 });
  const scheduler = new Scheduler({ queue, log });
  await scheduler.tick();
  expect((await store.getJob(id))?.status).toBe("pending");
  clock.advance(1_000);
  await scheduler.tick();
  expect((await store.listDeadLetters({ limit: 10 })).items).toMatchObject([
    { originalJobId: id, reason: "expired" },
  ]);
});

it("a stop leaves what else has expired to others", async () => {
  const { store, queue, scheduler } = await openScheduler();
  const payloads = Array.from({ length: 3_000 }, () => ({}));
  await queue.enqueueMany("reconcile_payments", payloads, { expireAfterMs: 1_000 });
  clock.advance(1_000);
  const dead = async (): Promise<number> => (await store.stats()).queue.failed;
  scheduler.start();
  while ((await dead()) === 0) await new Promise((resolve) => setImmediate(resolve));
  await scheduler.stop();
  const given = await dead();
  expect(given).toBeLessThan(payloads.length);
  // And nothing of it goes on.
  await new Promise((resolve) => setImmediate(resolve));
  expect(await dead()).toBe(given);
  await scheduler.tick();
  expect(await dead()).toBe(given);
  expect(await queue.expireJobs()).toBe(payloads.length - given);
});

it("a fault that lasts is told once, and so is its end", async () => {
  const { queue } = await openScheduler();
  const lines: string[] = [];
  const heard = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  let fault: string | null = "the disk is full";
  const failing = Object.create(queue, {
    releaseStaleJobs: { value: () => (fault ? Promise.reject(new Error(fault)) : Promise.resolve(0)) },
  }) as typeof queue;
  const scheduler = new Scheduler({ queue: failing, log: heard });
  for (let tick = 0; tick < 3; tick++) await scheduler.tick();
  fault = "the disk is gone";
  for (let tick = 0; tick < 3; tick++) await scheduler.tick();
  fault = null;
  for (let tick = 0; tick < 3; tick++) await scheduler.tick();
  expect(lines).toEqual([
    "rescuing jobs failed, will try again",
    "rescuing jobs failed, will try again",
    "rescuing jobs works again",
  ]);
});

it("stopping waits for the step under way, cuts the pause after it short and ends the loop", async () => {
  const { queue } = await openScheduler();
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const steps: string[] = [];
  const slow = Object.create(queue, {
    releaseStaleJobs: {
      async value() {
        begun.resolve();
        await held.promise;
        steps.push("rescued");
        return 0;
      },
    },
  }) as typeof queue;
  // An hour's pause: had it to pass, or the loop to go on, the test would not end.
  const scheduler = new Scheduler({ queue: slow, log, tickMs: 3_600_000 });
  scheduler.start();
  await begun.promise;
  const stopped = scheduler.stop().then(() => steps.push("stopped"));
  held.resolve();
  await stopped;
  expect(steps).toEqual(["rescued", "stopped"]);
});

it("each tick checkpoints, and goes on when that fails", async () => {
  const { queue, store } = await openScheduler();
  const calls = Promise.withResolvers<void>();
  let count = 0;
  const counting: ShopStore = Object.create(store, {
    checkpoint: {
      value: () => {
        count += 1;
        if (count === 2) calls.resolve();
        return count === 1 ? Promise.reject(new Error("the disk is full")) : store.checkpoint();
      },
    },
  });
  const watched = Object.create(queue, { store: { value: counting } }) as typeof queue;
  const scheduler = new Scheduler({ queue: watched, log, tickMs: 1 });
  scheduler.start();
  await calls.promise;
  await scheduler.stop();
  expect(count).toBeGreaterThanOrEqual(2);
});

it("a log that stays long is told once, and once when it is short again", async () => {
  const { queue, store } = await openScheduler();
  let megabytes = 17;
  store.checkpoint = async () => ({ logBytes: megabytes * 1_048_576 });
  const said: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => said.push(JSON.parse(line).msg) });
  const scheduler = new Scheduler({ queue, log });
  for (let tick = 1; tick <= 30; tick++) {
    await scheduler.tick();
    expect(said).toHaveLength(tick < 10 ? 0 : 1);
  }
  megabytes = 3;
  await scheduler.tick();
  await scheduler.tick();
  expect(said).toEqual([
    "a reader holds the write-ahead log; it grows and slows writers down until that reader ends",
    "the write-ahead log is emptied again",
  ]);
});

it("says which schedules left the code, and which an operator edited", async () => {
  const { queue, store } = await openScheduler();
  await store.declareSchedules([
    ...(await store.listSchedules()).map((schedule) => ({
      ...schedule,
      payload: JSON.stringify(schedule.payload),
    })),
    {
      id: "old",
      type: "reconcile_payments",
      payload: "{}",
      payloadVersion: 1,
      keyId: null,
      expression: "0 * * * *",
      timeZone: "UTC",
      catchUp: "once",
      overlap: "allow",
    },
  ]);
  await queue.editCron("daily_sales_report", { expression: "0 6 * * *" }, { actor: "ann" });
  const lines: string[] = [];
  const heard = pino({}, { write: (text: string) => void lines.push(JSON.parse(text)) });
  await declareSchedules(queue, "UTC", heard);
  expect(lines).toMatchObject([
    { schedule: "old", msg: "schedule is no longer in the code, switched off" },
    { schedule: "daily_sales_report", msg: "schedule was edited by an operator, left as it is" },
  ]);
  await declareSchedules(queue, "UTC", heard);
  expect(lines).toHaveLength(3);
});
