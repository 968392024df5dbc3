import { expect } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createQueue } from "../../src/queue.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim } from "./test-bed.ts";

const MANY = 50_000;

/** Jobs of type `mail`, whose number says which group they are of. */
const groups = { big: 1, small: 2, third: 3 };
type Group = keyof typeof groups;

async function add(bed: TestBed, groupKey: Group, count = 1, settings = {}): Promise<unknown> {
  const payloads = Array.from({ length: count }, () => ({ n: groups[groupKey] }));
  return await bed.queue.enqueueMany("mail", payloads, { groupKey, ...settings });
}

const numbersOf = (claimed: readonly TestClaim[]): readonly number[] => claimed.map((job) => job.payload.n);

/** How many jobs are claimed before one of a group is, one at a time. */
async function claimedBefore(bed: TestBed, groupKey: Group): Promise<number> {
  for (let before = 0; before < 1_000; before += 1)
    if ((await bed.claim()).payload.n === groups[groupKey]) return before;
  return Number.POSITIVE_INFINITY;
}

/** The share of a group in what is claimed next. */
async function shareOf(bed: TestBed, groupKey: Group, claims: number): Promise<number> {
  const claimed = await bed.queue.dequeueBatch("worker-1", claims);
  expect(claimed).toHaveLength(claims);
  return claimed.filter((job) => job.payload.n === groups[groupKey]).length / claims;
}

/** How a group's newest job leaves the line without being claimed. */
const WAYS_OUT: Readonly<Record<string, (bed: TestBed, round: number) => Promise<unknown>>> = {
  "is cancelled": async ({ queue, store }) => {
    const { id } = await queue.enqueue("mail", { n: groups.small }, { groupKey: "small" });
    await store.cancel(id);
  },
  "is put off": async (bed, round) => {
    const newest = { uniqueKey: `newest-${round}`, unique: { onConflict: "debounce" } } as const;
    await add(bed, "small", 1, newest);
    await add(bed, "small", 1, { ...newest, delayMs: 3_600_000 });
  },
  expires: async (bed) => {
    await expireNewest(bed);
  },
  "expires and is discarded": async (bed) => {
    const id = await expireNewest(bed);
    await bed.store.discard(id, { actor: "ann", action: "dead_letter.discard", subject: id, detail: null });
  },
  "expires and is retried": async (bed) => {
    await bed.store.revive(await expireNewest(bed));
  },
  "gets the payload of a later deploy": async ({ queue, store, clock }, round) => {
    const newest = { groupKey: "small", uniqueKey: `newest-${round}` };
    await queue.enqueue("mail", { n: groups.small }, newest);
    const later = createQueue({ store, clock, jobs: [LATER_MAIL] });
    await later.enqueue("mail", { n: 0 }, { ...newest, unique: { onConflict: "replace" } });
  },
};

const LATER_MAIL = defineJob("mail", {
  payload: z.object({ n: z.number() }),
  version: 2,
  upcasters: { 1: (mail: object) => mail },
});

/** Adds a job to the smaller group that nobody claims in time; gives its dead letter. */
async function expireNewest(bed: TestBed): Promise<string> {
  await add(bed, "small", 1, { expireAfterMs: 1_000 });
  bed.clock.advance(1_001);
  expect(await bed.queue.expireJobs()).toBeGreaterThan(0);
  const { items } = await bed.store.listDeadLetters({ limit: 1 });
  return items[0]?.id ?? "";
}

export function groupRules(rule: Rule): void {
  rule("B4: after a group's 50,000 jobs another one's single job is the next but one", async (bed) => {
    await add(bed, "big", MANY);
    await add(bed, "small");
    expect(await claimedBefore(bed, "small")).toBeLessThanOrEqual(1);
    // Nor does it matter how long the others have waited.
    await bed.queue.dequeueBatch("worker-1", 500);
    bed.clock.advance(3_600_000);
    await add(bed, "small");
    expect(await claimedBefore(bed, "small")).toBeLessThanOrEqual(1);
  });

  rule("B4: groups take turns, and a group's own jobs keep their order", async (bed) => {
    await add(bed, "big", 100);
    await add(bed, "small", 100);
    await add(bed, "third", 100);
    const claimed = await bed.queue.dequeueBatch("worker-1", 60);
    for (const n of Object.values(groups))
      expect(claimed.filter((job) => job.payload.n === n).length).toBeGreaterThanOrEqual(19);
    const ids = claimed.filter((job) => job.payload.n === 1).map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted());
  });

  rule("B4: what a group had while nobody else waited is not held against it", async (bed) => {
    await add(bed, "big", 2_000);
    while ((await bed.queue.dequeueBatch("worker-1", 500)).length > 0) continue;
    await add(bed, "third", 2_000);
    await add(bed, "big");
    expect(await claimedBefore(bed, "big")).toBeLessThanOrEqual(1);
  });

  for (const [what, callOff] of Object.entries(WAYS_OUT))
    rule(`B4: a group whose newest job ${what} each time gets no turns for that`, async (bed) => {
      await add(bed, "big", 100);
      await add(bed, "small", 100);
      for (let i = 0; i < 20; i += 1) {
        await callOff(bed, i);
        await add(bed, "small");
      }
      expect(await shareOf(bed, "small", 40)).toBeCloseTo(0.5, 1);
    });

  rule("B4: one job at a time or in lists, groups have equal shares", async (bed) => {
    await add(bed, "big", 500);
    for (let n = 0; n < 30; n += 1) await add(bed, "small");
    expect(await shareOf(bed, "small", 40)).toBeCloseTo(0.5, 1);
  });

  rule("B4: turns are fair among delayed jobs and retries, too", async (bed) => {
    await add(bed, "big", 300, { delayMs: 1_000 });
    bed.clock.advance(2_000);
    expect(numbersOf(await bed.queue.dequeueBatch("worker-1", 2))).toEqual([1, 1]);
    await add(bed, "small", 20);
    expect(await shareOf(bed, "small", 20)).toBeCloseTo(0.5, 1);
    // All of the big group's come back at once.
    const running = await bed.queue.dequeueBatch("worker-1", 1_000);
    for (const job of running.filter(({ payload }) => payload.n === 1))
      await bed.finish(job, { verb: "snooze", delayMs: 5_000 });
    bed.clock.advance(6_000);
    expect(numbersOf(await bed.queue.dequeueBatch("worker-1", 1))).toEqual([1]);
    await add(bed, "third", 10);
    expect(await shareOf(bed, "third", 20)).toBeCloseTo(0.5, 1);
  });

  rule("B4: a dead letter's retry takes its turn, and so does a child that is let go", async (bed) => {
    const parent = await bed.queue.enqueue("report", { n: 0 }, { priority: 90 });
    await add(bed, "small", 4, { dependsOn: [parent.id] });
    await add(bed, "big", 200);
    await bed.queue.completeJob(await bed.claim());
    expect(await shareOf(bed, "small", 8)).toBeCloseTo(0.5, 1);
    await bed.queue.enqueueMany("fragile", [{ n: 1 }, { n: 1 }], { groupKey: "big" });
    const types = { types: ["fragile"] } as const;
    for (let n = 0; n < 2; n += 1)
      await bed.queue.failJob(await bed.claim("worker-1", types), new Error("no"));
    expect(await bed.store.reviveMany({})).toBe(2);
    expect(await bed.queue.dequeueBatch("worker-1", 5, types)).toHaveLength(2);
  });

  rule("B4: a group of a higher weight has as many more turns", async (bed) => {
    await bed.queue.setGroupWeight("big", 3, { actor: "ann" });
    expect(await bed.queue.groupWeights()).toEqual([{ groupKey: "big", weight: 3 }]);
    await add(bed, "big", 300);
    await add(bed, "small", 300);
    expect(await shareOf(bed, "big", 80)).toBeCloseTo(0.75, 1);
    await bed.queue.setGroupWeight("big", 1);
    expect(await bed.queue.groupWeights()).toEqual([]);
    for (const weight of [0, -1, 0.001, 1_001, Number.NaN])
      await expect(bed.queue.setGroupWeight("big", weight)).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  rule(
    "B4: jobs without a group keep their place by time, and an urgent one goes before every group",
    async (bed) => {
      await bed.add();
      bed.clock.advance(10);
      await add(bed, "small", 3);
      bed.clock.advance(1_000);
      const later = await bed.add();
      const urgent = await bed.add({ priority: 90 });
      const claimed = await bed.queue.dequeueBatch("worker-1", 9);
      expect(claimed[0]?.id).toBe(urgent.id);
      expect(claimed.at(-1)?.id).toBe(later.id);
    },
  );

  rule(
    "B4: a job of a group can be cancelled, put off, expire and come back, and says when it was due",
    async (bed) => {
      await add(bed, "big", 100);
      bed.clock.advance(500);
      const dueAt = new Date(bed.clock.now());
      const settings = { groupKey: "big" };
      const cancelled = await bed.add(settings);
      expect(cancelled.scheduledAt).toEqual(dueAt);
      expect(await bed.store.cancel(cancelled.id)).toBe("cancelled");
      const unique = { uniqueKey: "u", unique: { while: "unclaimed", onConflict: "debounce" } } as const;
      const putOff = await bed.add({ ...settings, ...unique });
      await bed.add({ ...settings, ...unique, delayMs: 60_000 });
      expect(await bed.states(putOff.id)).toEqual(["scheduled"]);
      const expiring = await bed.add({ ...settings, expireAfterMs: 1_000 });
      bed.clock.advance(2_000);
      expect(await bed.queue.expireJobs()).toBe(1);
      expect(await bed.states(expiring.id)).toEqual(["failed"]);
      const job = await bed.add({ groupKey: "small" });
      const [first, second] = await bed.queue.dequeueBatch("worker-1", 2);
      const mine = [first, second].find((claimed) => claimed?.id === job.id);
      expect(mine?.scheduledAt).toEqual(new Date(bed.clock.now()));
      if (mine) await bed.finish(mine, { verb: "handBack" });
      expect(await bed.states(job.id)).toEqual(["pending"]);
      expect((await bed.claim()).id).toBe(job.id);
      const { items } = await bed.store.listJobs({ status: "pending", limit: 200 });
      expect(items).toHaveLength(99);
    },
  );

  rule("B4: groups and limits per key go together", async (bed) => {
    await bed.queue.setLimit("mail", { perKey: { concurrency: 1 } });
    await add(bed, "big", 50, { limitKey: "big" });
    await add(bed, "small", 5, { limitKey: "small" });
    expect(numbersOf(await bed.queue.dequeueBatch("worker-1", 9)).toSorted((a, b) => a - b)).toEqual([1, 2]);
  });

  rule("B4: a group that is idle leaves nothing behind", async (bed) => {
    for (let n = 0; n < 30; n += 1) await bed.add({ groupKey: `tenant-${n}` });
    for (let n = 0; n < 30; n += 1) await bed.queue.completeJob(await bed.claim());
    bed.clock.advance(1_000);
    await bed.store.prune({ keepMs: 0 });
    // The newest job stays, so that its number is not given again.
    expect(JSON.stringify(await bed.database.dump())).not.toMatch(/tenant-(?!29)/);
  });

  rule("B4: a group's name out of range is refused", async (bed) => {
    for (const groupKey of ["", "g".repeat(513)])
      await expect(bed.add({ groupKey })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });

  rule("B4: groups are listed with what waits and runs of each, and with their weight", async (bed) => {
    expect(await bed.queue.groups()).toEqual({ items: [], isCut: false });
    await add(bed, "big", 5);
    await add(bed, "small", 1);
    await bed.add();
    await add(bed, "third", 1, { delayMs: 60_000 });
    const [first] = await bed.queue.dequeueBatch("worker-1", 1);
    await bed.queue.setGroupWeight("idle", 3);
    await bed.queue.setGroupWeight("small", 0.5);
    expect(await bed.queue.groups()).toEqual({
      items: [
        { groupKey: "big", weight: 1, pending: 4, processing: 1 },
        { groupKey: "small", weight: 0.5, pending: 1, processing: 0 },
        { groupKey: "idle", weight: 3, pending: 0, processing: 0 },
      ],
      isCut: false,
    });
    // What its key holds back waits, too.
    await bed.queue.setLimit("mail", { perKey: { concurrency: 1 } });
    await add(bed, "third", 3, { limitKey: "ada" });
    await bed.queue.dequeueBatch("worker-1", 20);
    const { items } = await bed.queue.groups();
    expect(items).toContainEqual({ groupKey: "third", weight: 1, pending: 2, processing: 1 });
    if (first) await bed.queue.completeJob(first);
  });

  rule("B4: the list of groups looks at those that come first, and says so", async (bed) => {
    await add(bed, "big", 3_000);
    const { items, isCut } = await bed.queue.groups();
    expect([items[0]?.groupKey, isCut]).toEqual(["big", true]);
    expect(items[0]?.pending).toBeGreaterThanOrEqual(2_000);
    expect(items[0]?.pending).toBeLessThan(3_000);
    for (let n = 0; n < 120; n += 1) await bed.add({ groupKey: `tenant-${n}`, priority: 50 });
    expect((await bed.queue.groups()).items).toHaveLength(100);
  });
}
