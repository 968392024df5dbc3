import { expect } from "vitest";
import { z } from "zod";
import { createQueue, defineJob, type JobStore, type Queue } from "../../src/index.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestProcess } from "./test-bed.ts";

const payload = z.object({ n: z.number() });
const JOBS = [
  defineJob("call", { payload, limit: "host" }),
  defineJob("fetch", { payload, limit: "host" }),
  defineJob("other", { payload }),
] as const;
type KeyQueue = Queue<typeof JOBS>;
type KeyClaim = NonNullable<Awaited<ReturnType<KeyQueue["dequeue"]>>>;

const open = ({ store }: TestProcess, { clock }: TestBed): KeyQueue =>
  createQueue({ store: store as JobStore, jobs: JOBS, clock });
const payloads = (count: number, from = 0): { readonly n: number }[] =>
  Array.from({ length: count }, (_, n) => ({ n: from + n }));
const numbersOf = (claimed: readonly KeyClaim[]): readonly number[] => claimed.map((job) => job.payload.n);
const endAll = async (queue: KeyQueue, claimed: readonly KeyClaim[]): Promise<void> => {
  for (const job of claimed) await queue.completeJob(job);
};

export function keyLimitRules(rule: Rule): void {
  rule(
    "R12: a job that its key let in may become one of a newer payload version: the others follow",
    async (bed) => {
      const queue = open(bed, bed);
      const call = defineJob("call", { payload, limit: "host", version: 2, upcasters: { 1: (old) => old } });
      const newer = createQueue({
        store: bed.store as JobStore,
        jobs: [call, JOBS[1], JOBS[2]],
        clock: bed.clock,
      });
      await queue.setLimit("call", { perKey: { concurrency: 1 } });
      const keyed = { uniqueKey: "u", unique: { onConflict: "replace" }, limitKey: "a" } as const;
      await queue.enqueue("call", { n: 0 }, { limitKey: "a" });
      const [first] = await queue.dequeueBatch("worker-1", 5);
      await queue.enqueue("call", { n: 1 }, keyed);
      expect(await queue.dequeueBatch("worker-1", 5)).toEqual([]);
      for (const n of [2, 3]) await queue.enqueue("call", { n }, { limitKey: "a" });
      if (first) await queue.completeJob(first);
      // Another worker's claim lets the next one in.
      await queue.dequeueBatch("worker-2", 5, { types: ["other"] });
      await newer.enqueue("call", { n: 10 }, keyed);
      const ran: number[] = [];
      for (let claims = 0; claims < 6; claims += 1)
        for (const job of await newer.dequeueBatch("worker-1", 5)) {
          ran.push(job.payload.n);
          await newer.completeJob(job);
        }
      expect(ran.toSorted((a, b) => a - b)).toEqual([2, 3, 10]);
    },
  );

  rule(
    "R12: of each key as many run as its limit lets, over all processes, and in their order",
    async (bed) => {
      const queue = open(bed, bed);
      const other = open(await bed.openProcess(), bed);
      await queue.setLimit("call", { perKey: { concurrency: 2 } });
      for (const n of [0, 1, 2, 3]) await queue.enqueue("call", { n }, { limitKey: "a" });
      for (const n of [10, 11, 12]) await queue.enqueue("call", { n }, { limitKey: "b" });
      await queue.enqueue("call", { n: 20 });
      const first = await queue.dequeueBatch("worker-1", 5);
      expect(numbersOf(first)).toEqual([0, 1, 10, 11, 20]);
      expect(await other.dequeueBatch("worker-2", 5)).toEqual([]);
      await endAll(queue, first.slice(0, 1));
      expect(numbersOf(await other.dequeueBatch("worker-2", 5))).toEqual([2]);
      await endAll(queue, first.slice(1, 4));
      expect(numbersOf(await queue.dequeueBatch("worker-1", 5))).toEqual([3, 12]);
    },
  );

  rule("R12: jobs of one key, however many, are pending and stand in no other's way", async (bed) => {
    const queue = open(bed, bed);
    await queue.enqueueMany("call", payloads(3_000), { limitKey: "a", priority: 90 });
    await queue.setLimit("call", { perKey: { concurrency: 1 } });
    await queue.enqueue("call", { n: -1 }, { limitKey: "b" });
    await queue.enqueue("call", { n: -2 });
    // They stand before the others, and are met there.
    const claimed = [
      ...(await queue.dequeueBatch("worker-1", 5)),
      ...(await queue.dequeueBatch("worker-1", 5)),
    ];
    expect(numbersOf(claimed)).toEqual([0, -1, -2]);
    await queue.enqueueMany("call", payloads(10, 3_000), { limitKey: "a" });
    await queue.enqueue("call", { n: -3 }, { limitKey: "c" });
    expect(numbersOf(await queue.dequeueBatch("worker-1", 5))).toEqual([-3]);
    const { queue: counts, byType } = await queue.stats();
    expect([counts.pending, counts.processing]).toEqual([3_009, 4]);
    expect(byType).toContainEqual({ type: "call", status: "pending", count: 3_009 });
    const page = await bed.store.listJobs({ status: "pending", limit: 3 });
    expect(page.items.map((job) => job.payload)).toEqual([{ n: 3_009 }, { n: 3_008 }, { n: 3_007 }]);
    const few = await bed.store.listJobs({ status: "pending", type: "call", limit: 4_000 });
    expect(few.items).toHaveLength(3_009);
  });

  rule(
    "R12: of each key no more start than its rate lets; idle workers know when the next may",
    async (bed) => {
      const queue = open(bed, bed);
      await queue.setLimit("call", { perKey: { rate: { limit: 2, periodMs: 1_000, burst: 2 } } });
      for (const limitKey of ["a", "b"]) await queue.enqueueMany("call", payloads(4), { limitKey });
      expect(await queue.dequeueBatch("worker-1", 20)).toHaveLength(4);
      expect(await queue.dequeueBatch("worker-1", 20)).toEqual([]);
      expect(await bed.store.untilNextDue(["call"])).toBe(500);
      bed.clock.advance(499);
      expect(await queue.dequeueBatch("worker-1", 20)).toEqual([]);
      bed.clock.advance(1);
      expect(await queue.dequeueBatch("worker-1", 20)).toHaveLength(2);
      // Set back, a key waits for no longer than a token takes.
      bed.clock.setWall(bed.clock.now() - 3_600_000);
      expect(await queue.dequeueBatch("worker-1", 20)).toEqual([]);
      bed.clock.advance(1_000);
      expect((await queue.dequeueBatch("worker-1", 20)).length).toBeGreaterThan(0);
    },
  );

  rule("R12: the keys of a shared limit are the same for all types that share it", async (bed) => {
    const queue = open(bed, bed);
    await queue.setLimit("host", { perKey: { concurrency: 1 } });
    await queue.setLimit("fetch", { concurrency: 5 });
    for (const type of ["call", "fetch"] as const)
      for (const limitKey of ["a", "b"])
        await queue.enqueue(type, { n: limitKey === "a" ? 1 : 2 }, { limitKey });
    const claimed = await queue.dequeueBatch("worker-1", 9);
    expect(claimed.map(({ type }) => type)).toEqual(["call", "call"]);
    await endAll(queue, claimed);
    const rest = await queue.dequeueBatch("worker-1", 9);
    expect(rest.map(({ type }) => type)).toEqual(["fetch", "fetch"]);
  });

  rule("R12: a more urgent job goes before those of its key that are set aside", async (bed) => {
    const queue = open(bed, bed);
    await queue.setLimit("call", { perKey: { concurrency: 1 } });
    await queue.enqueueMany("call", payloads(5), { limitKey: "a" });
    const [running] = await queue.dequeueBatch("worker-1", 9);
    await queue.enqueue("call", { n: 100 }, { limitKey: "a", priority: 90 });
    expect(await queue.dequeueBatch("worker-1", 9)).toEqual([]);
    if (running) await queue.completeJob(running);
    expect(numbersOf(await queue.dequeueBatch("worker-1", 9))).toEqual([100]);
  });

  rule("R12: nor does it wait behind a less urgent one that was let in before it came", async (bed) => {
    const queue = open(bed, bed);
    await queue.setLimit("call", { perKey: { concurrency: 1 } });
    await queue.enqueueMany("call", payloads(5));
    await queue.enqueueMany("call", payloads(5, 10), { limitKey: "a", priority: -20 });
    expect(numbersOf(await queue.dequeueBatch("worker-1", 1))).toEqual([0]);
    await queue.enqueueMany("call", payloads(5, 20), { limitKey: "a", priority: 90 });
    expect(numbersOf(await queue.dequeueBatch("worker-1", 2))).toEqual([20, 1]);
  });

  rule("R12: what is set aside can be cancelled, replaced and depended on, and it expires", async (bed) => {
    const queue = open(bed, bed);
    await queue.setLimit("call", { perKey: { concurrency: 1 } });
    const limitKey = "a";
    const running = await queue.enqueue("call", { n: 0 }, { limitKey });
    expect(await queue.dequeueBatch("worker-1", 9)).toHaveLength(1);
    const cancelled = await queue.enqueue("call", { n: 1 }, { limitKey });
    const expiring = await queue.enqueue("call", { n: 2 }, { limitKey, expireAfterMs: 1_000 });
    const unique = {
      limitKey,
      uniqueKey: "u",
      unique: { while: "unclaimed", onConflict: "replace" },
    } as const;
    const replaced = await queue.enqueue("call", { n: 3 }, unique);
    const parent = await queue.enqueue("call", { n: 4 }, { limitKey });
    const child = await queue.enqueue("other", { n: 5 }, { dependsOn: [parent.id] });
    expect(await queue.dequeueBatch("worker-1", 9)).toEqual([]);
    expect(await bed.states(running.id, cancelled.id, expiring.id, replaced.id, parent.id, child.id)).toEqual(
      ["processing", "pending", "pending", "pending", "pending", "waiting"],
    );
    expect(await bed.store.cancel(cancelled.id)).toBe("cancelled");
    await queue.enqueue("call", { n: 33 }, unique);
    bed.clock.advance(2_000);
    expect(await queue.expireJobs()).toBe(1);
    expect(await bed.states(expiring.id)).toEqual(["failed"]);
    const [job] = await bed.store.beat({ id: "worker-1", leaseMs: 30_000 });
    if (job) await bed.finish(job, { verb: "complete", result: null });
    const [next] = await queue.dequeueBatch("worker-1", 9);
    expect(next?.payload).toEqual({ n: 33 });
    expect(await bed.store.cancel(parent.id)).toBe("cancelled");
    expect(await bed.states(child.id)).toEqual(["cancelled"]);
  });

  rule("R12: a cancelled job that was let in makes way for the next of its key", async (bed) => {
    const queue = open(bed, bed);
    await queue.setLimit("call", { perKey: { concurrency: 1 } });
    await queue.enqueueMany("other", payloads(3), { priority: 50 });
    const added = await queue.enqueueMany("call", payloads(4), { limitKey: "a" });
    // The first of them is let in, but not reached.
    await queue.dequeueBatch("worker-1", 1);
    await bed.store.cancel(added[0]?.id ?? "");
    await queue.dequeueBatch("worker-1", 2);
    expect(numbersOf(await queue.dequeueBatch("worker-1", 9))).toEqual([1]);
  });

  rule("R12: any end of a run, also its worker's, gives the place of its key back", async (bed) => {
    const queue = open(bed, bed);
    await queue.setLimit("call", { perKey: { concurrency: 1 } });
    await queue.enqueueMany("call", payloads(6), { limitKey: "a" });
    const ends = [
      (job: KeyClaim) => queue.failJob(job, new Error("no luck")),
      (job: KeyClaim) => bed.finish(job, { verb: "snooze", delayMs: 3_600_000 }),
      (job: KeyClaim) => bed.finish(job, { verb: "abandon" }),
      (job: KeyClaim) => queue.completeJob(job),
    ];
    for (const [n, end] of ends.entries()) {
      const [job] = await queue.dequeueBatch("worker-1", 3);
      expect(job?.payload).toEqual({ n });
      if (job) await end(job);
    }
    expect(numbersOf(await queue.dequeueBatch("worker-1", 3))).toEqual([4]);
    for (let look = 0; look < 5; look += 1) {
      bed.clock.advance(10_000);
      await bed.store.rescue();
    }
    expect(await queue.dequeueBatch("worker-2", 3)).toHaveLength(1);
  });

  rule("R12: a limit per key that is raised or lifted lets through what waits for it", async (bed) => {
    const queue = open(bed, bed);
    const DAY_MS = 86_400_000;
    await queue.setLimit("call", { perKey: { rate: { limit: 1, periodMs: DAY_MS } } });
    await queue.setLimit("other", { perKey: { rate: { limit: 1, periodMs: DAY_MS } } });
    for (const limitKey of ["a", "b"]) await queue.enqueueMany("call", payloads(6), { limitKey });
    await queue.enqueueMany("other", payloads(2), { limitKey: "a" });
    expect(await queue.dequeueBatch("worker-1", 20)).toHaveLength(3);
    await queue.setLimit("call", { perKey: { concurrency: 2 } });
    expect(await queue.dequeueBatch("worker-1", 20)).toHaveLength(2);
    await queue.setLimit("call", null);
    expect(await queue.dequeueBatch("worker-1", 20)).toHaveLength(8);
    await queue.setLimit("other", null);
    expect(await queue.dequeueBatch("worker-1", 20)).toHaveLength(1);
  });

  rule("R12: per key, both bounds hold in any span of time, whoever claims", async (bed) => {
    const random = seededRandom(5);
    const upTo = (most: number): number => Math.floor(random() * (most + 1));
    const queues = [open(bed, bed), open(await bed.openProcess(), bed)];
    const [queue] = queues;
    if (!queue) throw new Error("There is no queue");
    await queue.setLimit("host", {
      perKey: { concurrency: 2, rate: { limit: 5, periodMs: 1_000, burst: 3 } },
    });
    const keyOf = new Map<string, string>();
    const starts = new Map<string, number[]>();
    let running: KeyClaim[] = [];
    const add = async (): Promise<void> => {
      for (const type of ["call", "fetch"] as const) {
        const limitKey = `k${upTo(3)}`;
        const settings = { limitKey, priority: 10 * upTo(2), delayMs: upTo(1) * 100 };
        for (const { id } of await queue.enqueueMany(type, payloads(upTo(6)), settings))
          keyOf.set(id, limitKey);
      }
    };
    for (let step = 0; step < 200; step += 1) {
      bed.clock.advance(upTo(120));
      if (step < 60) await add();
      const by = queues[upTo(1)] ?? queue;
      const claimed = await by.dequeueBatch("worker-1", 1 + upTo(7));
      running.push(...claimed);
      const counts = new Map<string, number>();
      for (const { id } of running)
        counts.set(keyOf.get(id) ?? "", (counts.get(keyOf.get(id) ?? "") ?? 0) + 1);
      expect(Math.max(0, ...counts.values())).toBeLessThanOrEqual(2);
      for (const { id } of claimed) {
        const key = keyOf.get(id) ?? "";
        starts.set(key, [...(starts.get(key) ?? []), bed.clock.now()]);
      }
      const ended = running.filter((_, n) => (n + step) % 2 === 0);
      running = running.filter((_, n) => (n + step) % 2 === 1);
      for (const job of ended) {
        if (upTo(9) === 0) await by.failJob(job, new Error("no luck"));
        else await by.completeJob(job);
      }
    }
    expect([...starts.values()].flat().length).toBeGreaterThan(100);
    for (const times of starts.values())
      for (const [from, fromMs] of times.entries())
        for (const [to, toMs] of times.entries())
          if (to >= from) expect(to - from + 1).toBeLessThanOrEqual(3 + (toMs - fromMs) / 200);
  });

  rule("R12: a key that is idle leaves nothing behind", async (bed) => {
    const queue = open(bed, bed);
    await queue.setLimit("call", { perKey: { concurrency: 1, rate: { limit: 10, periodMs: 1_000 } } });
    for (let n = 0; n < 20; n += 1) await queue.enqueueMany("call", payloads(4), { limitKey: `key-${n}` });
    for (let round = 0; round < 8; round += 1) {
      await endAll(queue, await queue.dequeueBatch("worker-1", 40));
      bed.clock.advance(100);
    }
    expect((await queue.stats()).queue.pending).toBe(0);
    bed.clock.advance(1_000);
    await bed.store.prune({ keepMs: 0 });
    // The newest job stays, so that its number is not given again.
    expect(JSON.stringify(await bed.database.dump())).not.toMatch(/key-(?!19)/);
  });

  rule("R12: a limit per key out of range is refused, and so is a key", async (bed) => {
    const queue = open(bed, bed);
    const invalid = { code: "OPTION_INVALID" };
    await expect(queue.setLimit("call", { perKey: {} })).rejects.toMatchObject(invalid);
    await expect(queue.setLimit("call", { perKey: { concurrency: 0 } })).rejects.toThrow(
      /perKey\.concurrency must be a whole number from 1 to 10000, got 0/,
    );
    for (const limitKey of ["", "k".repeat(513)])
      await expect(queue.enqueue("call", { n: 1 }, { limitKey })).rejects.toMatchObject(invalid);
    await queue.syncLimits({ call: { perKey: { concurrency: 3 } } });
    const perKey = { rate: null, concurrency: 3 };
    expect(await queue.limits()).toMatchObject([
      { name: "call", concurrency: null, perKey, declared: { perKey } },
    ]);
  });
}
