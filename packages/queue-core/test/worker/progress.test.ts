import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createKeyring,
  createQueue,
  createWorker,
  defineJob,
  fixed,
  type JobHandlers,
  snooze,
} from "../../src/index.ts";
import { drain } from "../../src/testing/index.ts";
import type { AppTables } from "../conformance/test-database.ts";
import { dumpTables, readDatabase } from "../sqlite/sqlite-test-database.ts";
import { until } from "./until.ts";
import { WorkerBed } from "./worker-bed.ts";

const payload = z.object({});
const JOBS = [
  defineJob("render", { payload, keepLog: true, retry: { attempts: 2, backoff: fixed({ delayMs: 0 }) } }),
  defineJob("chatty", { payload, keepLog: { maxBytes: 256 } }),
  defineJob("quiet", { payload }),
  defineJob("pay_out", { payload, keepLog: true, encrypted: true }),
] as const;
const keyring = createKeyring([{ id: "new", secret: Buffer.alloc(32, 1) }]);

/** A queue of these types and a worker on it. */
async function open(handlers: JobHandlers<typeof JOBS, AppTables>) {
  const bed = await WorkerBed.open();
  const queue = createQueue({ store: await bed.openStore(), jobs: JOBS, keyring });
  const worker = createWorker({ queue, handlers, pollMs: 5, shutdownMs: 0, log: bed.log });
  worker.start();
  return { bed, queue, worker };
}

describe("a run that tells how far it has come", () => {
  it("is heard while it goes on, and its last value before its end is stored with that", async () => {
    const goOn = Promise.withResolvers<void>();
    const { bed, queue, worker } = await open({
      quiet: async (_, ctx) => {
        for (const percent of [1, 2, 3]) ctx.progress(percent);
        await goOn.promise;
        ctx.progress({ page: 4 });
      },
    });
    const { id } = await queue.enqueue("quiet", {});
    const progress = async () => (await queue.reports(id)).at(-1)?.progress;
    await until("it is heard", async () => (await progress()) !== undefined);
    expect(await progress()).toBe(3);
    goOn.resolve();
    await bed.reaches(id, "completed");
    expect(await queue.reports(id)).toMatchObject([{ attempt: 1, progress: { page: 4 }, log: null }]);
    await worker.stop();
  });

  it("keeps the log of each of its runs, if its type asks for it", async () => {
    const { bed, queue, worker } = await open({
      render: (_, ctx) => {
        ctx.progress(ctx.attempt * 50);
        ctx.log.info({ page: ctx.attempt }, "rendering");
        if (ctx.attempt === 1) throw new Error("out of ink");
        ctx.log.info("done");
      },
    });
    const { id } = await queue.enqueue("render", {});
    await bed.reaches(id, "completed");
    const [first, second, ...rest] = await queue.reports(id);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ attempt: 1, progress: 50 });
    expect(first?.log).toMatch(/^\S+ info rendering \{"page":1\}$/);
    expect(second).toMatchObject({ attempt: 2, progress: 100 });
    expect(second?.log).toMatch(/^\S+ info rendering \{"page":2\}\n\S+ info done$/);
    // The same lines are in the worker's own log.
    expect(bed.lines.filter(({ msg }) => msg === "rendering")).toHaveLength(2);
    const [failed] = await bed.store.attempts(id);
    expect(failed?.startedAt).toEqual(first?.startedAt);
    await worker.stop();
  });

  it("keeps the end of a long log, and says how much is missing", async () => {
    const { bed, queue, worker } = await open({
      chatty: (_, ctx) => {
        for (let n = 1; n <= 100; n += 1) ctx.log.info(`line ${n}`);
      },
    });
    const { id } = await queue.enqueue("chatty", {});
    await bed.reaches(id, "completed");
    const [report] = await queue.reports(id);
    expect(Buffer.byteLength(report?.log ?? "")).toBeLessThanOrEqual(256);
    expect(report?.log).toMatch(/line 100$/);
    expect(report?.logBytesCut).toBeGreaterThan(3_000);
    await worker.stop();
  });

  it("that tells and logs nothing writes nothing", async () => {
    const { bed, queue, worker } = await open({
      quiet: (_, ctx) => ctx.log.info("not kept"),
      render: () => null,
    });
    const [one, two] = [await queue.enqueue("quiet", {}), await queue.enqueue("render", {})];
    await bed.reaches(one.id, "completed");
    await bed.reaches(two.id, "completed");
    expect(bed.sql((database) => database.prepare("SELECT * FROM run_report").all())).toEqual([]);
    await worker.stop();
  });

  it("is refused what is too large or out of range, and after its end everything", async () => {
    const said: unknown[] = [];
    const late: (() => void)[] = [];
    const { bed, queue, worker } = await open({
      quiet: (_, ctx) => {
        for (const value of [101, -1, Number.NaN, "x".repeat(1_100), undefined, 1n])
          try {
            ctx.progress(value);
          } catch (error) {
            said.push((error as { code?: string }).code);
          }
        ctx.progress("x".repeat(1_022));
        late.push(() => ctx.progress(1));
      },
    });
    const { id } = await queue.enqueue("quiet", {});
    await bed.reaches(id, "completed");
    expect(said).toEqual(Array.from({ length: 6 }, () => "PROGRESS_INVALID"));
    expect(late[0]).toThrow(expect.objectContaining({ code: "RUN_ENDED" }));
    await worker.stop();
  });

  it("that lost its lease is told so, and changes nothing of what the next one told", async () => {
    const first = { isOver: false };
    const taken = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<unknown>();
    const { bed, queue, worker } = await open({
      quiet: async (_, ctx) => {
        if (!first.isOver) {
          first.isOver = true;
          ctx.signal.addEventListener("abort", () => aborted.resolve(ctx.signal.reason));
          await taken.promise;
          ctx.progress(99);
          await aborted.promise;
          return;
        }
        ctx.progress(10);
      },
    });
    const { id } = await queue.enqueue("quiet", {});
    await until("it runs", () => first.isOver);
    await bed.takeAway(id);
    taken.resolve();
    expect(await aborted.promise).toMatchObject({ code: "LEASE_LOST" });
    await bed.reaches(id, "completed");
    expect((await queue.reports(id)).map(({ progress }) => progress)).toEqual([10]);
    await worker.stop();
  });
  it("that is handed back at the end of its worker has been heard to the last", async () => {
    const told = Promise.withResolvers<void>();
    const { queue, worker } = await open({
      render: (_, ctx) => {
        ctx.log.info("begun");
        ctx.progress(30);
        told.resolve();
        return new Promise(() => {});
      },
    });
    const { id } = await queue.enqueue("render", {});
    await told.promise;
    await worker.stop();
    expect(await queue.store.getJob(id)).toMatchObject({ status: "pending" });
    expect(await queue.reports(id)).toMatchObject([{ progress: 30, log: expect.stringContaining("begun") }]);
  });

  it("may be put off, cancelled or retried: what it told stays", async () => {
    const { queue, worker, bed } = await open({
      quiet: (_, ctx) => {
        ctx.progress(60);
        return snooze(3_600_000);
      },
    });
    const { id } = await queue.enqueue("quiet", {});
    await bed.reaches(id, "scheduled");
    expect(await queue.reports(id)).toMatchObject([{ progress: 60 }]);
    await worker.stop();
  });

  it("in a batch: each of its jobs tells for itself", async () => {
    const { queue, worker, bed } = await open({
      render: {
        batch: { size: 5 },
        handle: (jobs) => {
          for (const [n, job] of jobs.entries()) {
            job.progress(n);
            job.log.info(`number ${n}`);
          }
        },
      },
    });
    const added = await queue.enqueueMany("render", [{}, {}, {}]);
    for (const { id } of added) await bed.reaches(id, "completed");
    for (const { id } of added) {
      const [report] = await queue.reports(id);
      expect(report?.log).toContain(`number ${Number(report?.progress)}`);
    }
    await worker.stop();
  });

  it("of an encrypted type: sealed, and told to who has the key", async () => {
    const secret = "DE02120300000000202051";
    const { bed, queue, worker } = await open({
      pay_out: (_, ctx) => {
        ctx.progress({ iban: secret });
        ctx.log.info(`to ${secret}`);
      },
    });
    const { id } = await queue.enqueue("pay_out", {});
    await bed.reaches(id, "completed");
    expect(JSON.stringify(readDatabase(bed.path, dumpTables))).not.toContain(secret);
    const [report] = await queue.reports(id);
    expect(report).toMatchObject({
      progress: { iban: secret },
      log: expect.stringContaining(`to ${secret}`),
    });
    const keyless = createQueue({ store: bed.store, jobs: JOBS });
    await expect(keyless.reports(id)).rejects.toMatchObject({ code: "ENCRYPTION_KEY_MISSING" });
    await worker.stop();
  });

  it("is heard under `drain`, too", async () => {
    const bed = await WorkerBed.open();
    const queue = createQueue({ store: bed.store, jobs: JOBS, keyring });
    const { id } = await queue.enqueue("render", {});
    await drain({
      queue,
      handlers: {
        render: (_, ctx) => {
          ctx.log.info("under drain");
          ctx.progress(100);
        },
      },
    });
    expect(await queue.reports(id)).toMatchObject([{ progress: 100, log: expect.stringContaining("drain") }]);
  });
});
