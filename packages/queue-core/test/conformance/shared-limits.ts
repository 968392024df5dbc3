import { expect } from "vitest";
import { z } from "zod";
import { createQueue, defineJob, type JobStore, type Queue } from "../../src/index.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const payload = z.object({ n: z.number() });
const letter = defineJob("letter", { payload, limit: "post" });
const parcel = defineJob("parcel", { payload, limit: "post" });
const JOBS = [letter, parcel, defineJob("free", { payload })] as const;
type PostQueue = Queue<typeof JOBS>;
type PostClaim = NonNullable<Awaited<ReturnType<PostQueue["dequeue"]>>>;

const open = ({ store, clock }: TestBed): PostQueue =>
  createQueue({ store: store as JobStore, jobs: JOBS, clock });
const payloads = (count: number): { readonly n: number }[] =>
  Array.from({ length: count }, (_, n) => ({ n }));
const typesOf = (claimed: readonly { readonly type: string }[]): readonly string[] =>
  claimed.map(({ type }) => type);
const PER_500_MS = { limit: 2, periodMs: 1_000 };

export function sharedLimitRules(rule: Rule): void {
  rule("R12: types that name a limit have it once between them, over all processes", async (bed) => {
    const queue = open(bed);
    const { store } = await bed.openProcess();
    const other = createQueue({ store: store as JobStore, jobs: JOBS, clock: bed.clock });
    for (const type of ["letter", "parcel", "free"] as const) await queue.enqueueMany(type, payloads(4));
    await queue.setLimit("post", { concurrency: 3 });
    const claimed = await queue.dequeueBatch("worker-1", 20);
    expect(typesOf(claimed)).toEqual(["letter", "letter", "letter", "free", "free", "free", "free"]);
    expect(await other.dequeue("worker-2", { types: ["parcel"] })).toBeNull();
    const [first] = claimed;
    if (first) await queue.completeJob(first);
    expect(typesOf(await other.dequeueBatch("worker-2", 9, { types: ["parcel"] }))).toEqual(["parcel"]);
  });

  rule(
    "R12: a rate that types share lets their most urgent jobs through, whatever their type",
    async (bed) => {
      const queue = open(bed);
      await queue.setLimit("post", { rate: PER_500_MS });
      await queue.enqueueMany("letter", payloads(3));
      await queue.enqueue("parcel", { n: 9 }, { priority: 50 });
      const begun: string[] = [];
      for (let start = 0; start < 4; start += 1) {
        begun.push(...typesOf(await queue.dequeueBatch("worker-1", 10)));
        expect(await queue.store.untilNextDue(["letter", "parcel"])).toBe(start < 3 ? 500 : null);
        bed.clock.advance(500);
      }
      expect(begun).toEqual(["parcel", "letter", "letter", "letter"]);
    },
  );

  rule("R12: a type has its own limit and the one it shares", async (bed) => {
    const queue = open(bed);
    for (const type of ["letter", "parcel"] as const) await queue.enqueueMany(type, payloads(9));
    await queue.setLimit("post", { concurrency: 5 });
    await queue.setLimit("letter", { concurrency: 2 });
    const claimed = await queue.dequeueBatch("worker-1", 20);
    expect(typesOf(claimed).toSorted()).toEqual(["letter", "letter", "parcel", "parcel", "parcel"]);
    expect(await queue.limits()).toMatchObject([
      { name: "letter", isShared: false, types: ["letter"], concurrency: 2 },
      { name: "post", isShared: true, types: ["letter", "parcel"], concurrency: 5, rate: null },
    ]);
  });

  rule("R12: it holds for a program that knows but some of the types", async (bed) => {
    const queue = open(bed);
    await queue.setLimit("post", { concurrency: 1 });
    await queue.enqueueMany("letter", payloads(1));
    const store = bed.store as JobStore;
    const letters = createQueue({ store, jobs: [defineJob("letter", { payload })], clock: bed.clock });
    const parcels = createQueue({ store, jobs: [parcel], clock: bed.clock });
    await parcels.enqueueMany("parcel", payloads(1));
    expect(await queue.dequeueBatch("worker-1", 1)).toHaveLength(1);
    expect(await parcels.dequeue("worker-2")).toBeNull();
    // The newest code has letters share nothing any more.
    expect(await letters.dequeue("worker-3")).toBeNull();
    expect(await parcels.dequeue("worker-2")).not.toBeNull();
    expect(await queue.limits()).toMatchObject([{ name: "post", types: ["parcel"] }]);
  });

  rule("R12: both bounds hold in any span of time, whoever claims and whoever is aged", async (bed) => {
    const random = seededRandom(23);
    const upTo = (most: number): number => Math.floor(random() * (most + 1));
    const queue = open(bed);
    await queue.setLimit("post", { concurrency: 4, rate: { limit: 10, periodMs: 1_000, burst: 5 } });
    const starts: number[] = [];
    let running: PostClaim[] = [];
    for (let step = 0; step < 150; step += 1) {
      bed.clock.advance(upTo(150));
      for (const { type } of JOBS)
        await queue.enqueueMany(type, payloads(upTo(2)), { priority: 10 * upTo(3) });
      const claimed = await queue.dequeueBatch("worker-1", 1 + upTo(7));
      running.push(...claimed);
      const posted = claimed.filter(({ type }) => type !== "free");
      starts.push(...posted.map(() => bed.clock.now()));
      expect(running.filter(({ type }) => type !== "free").length).toBeLessThanOrEqual(4);
      const ended = running.filter((_, n) => n % 2 === 0);
      running = running.filter((_, n) => n % 2 === 1);
      for (const job of ended) await queue.completeJob(job);
    }
    expect(starts.length).toBeGreaterThan(50);
    for (const [from, fromMs] of starts.entries())
      for (const [to, toMs] of starts.entries())
        if (to >= from) expect(to - from + 1).toBeLessThanOrEqual(5 + (toMs - fromMs) / 100);
  });

  rule("R12: what the code declares is set, changed and lifted with it", async (bed) => {
    const queue = open(bed);
    const post = { rate: PER_500_MS };
    expect(await queue.syncLimits({ post, free: { concurrency: 1 } })).toEqual({
      added: ["post", "free"],
      kept: [],
      lifted: [],
    });
    const bounds = { rate: { ...PER_500_MS, burst: 1 }, concurrency: null, perKey: null };
    const standing = { name: "post", ...bounds, declared: bounds, isEdited: false };
    expect((await queue.limits())[1]).toMatchObject(standing);
    await queue.syncLimits({ post: { rate: { ...PER_500_MS, limit: 9 } }, free: { concurrency: 1 } });
    expect((await queue.limits())[1]).toMatchObject({ rate: { limit: 9 } });
    expect(await queue.syncLimits({ post })).toEqual({ added: [], kept: [], lifted: ["free"] });
    expect(await queue.limits()).toMatchObject([standing]);
  });

  rule("R12: what was set or lifted at run time survives a deploy, until it is given back", async (bed) => {
    const queue = open(bed);
    const declared = { post: { concurrency: 5 }, free: { concurrency: 2 } };
    await queue.syncLimits(declared);
    await queue.setLimit("post", { concurrency: 1 }, { actor: "ann" });
    await queue.setLimit("free", null, { actor: "ann" });
    const sooner = { post: { concurrency: 6 }, free: { concurrency: 2 } };
    expect(await queue.syncLimits(sooner)).toEqual({ added: [], kept: ["post", "free"], lifted: [] });
    expect(await queue.limits()).toMatchObject([
      { name: "free", concurrency: null, rate: null, declared: { concurrency: 2 }, isEdited: true },
      { name: "post", concurrency: 1, declared: { concurrency: 6 }, isEdited: true },
    ]);
    await queue.enqueueMany("free", payloads(3));
    const unlimited = await queue.dequeueBatch("worker-1", 9);
    expect(unlimited).toHaveLength(3);
    for (const job of unlimited) await queue.completeJob(job);
    for (const name of ["post", "free"]) await queue.resetLimit(name);
    expect(await queue.limits()).toMatchObject([
      { name: "free", concurrency: 2, isEdited: false },
      { name: "post", concurrency: 6, isEdited: false },
    ]);
    expect(await queue.syncLimits(sooner)).toMatchObject({ kept: [] });
  });

  rule("R12: what was set by hand stays when the code begins or ceases to declare it", async (bed) => {
    const queue = open(bed);
    await queue.setLimit("post", { concurrency: 1 });
    expect(await queue.syncLimits({ post: { concurrency: 5 } })).toMatchObject({ kept: ["post"] });
    expect(await queue.syncLimits({})).toMatchObject({ lifted: [] });
    expect(await queue.limits()).toMatchObject([
      { name: "post", concurrency: 1, declared: null, isEdited: false },
    ]);
    await queue.syncLimits({ post: { concurrency: 5 } });
    await queue.setLimit("post", null);
    expect(await queue.syncLimits({})).toMatchObject({ lifted: ["post"] });
    expect(await queue.limits()).toEqual([]);
  });

  rule("R12: a limit of nobody's name is refused, and one that is called as a type is", async (bed) => {
    const queue = open(bed);
    const unknown = { code: "LIMIT_UNKNOWN" };
    await expect(queue.setLimit("pots", { concurrency: 1 })).rejects.toMatchObject(unknown);
    await expect(
      queue.syncLimits({ post: { concurrency: 1 }, pots: { concurrency: 1 } }),
    ).rejects.toMatchObject(unknown);
    await expect(queue.syncLimits({ post: { concurrency: 0 } })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
    await expect(queue.resetLimit("post")).rejects.toMatchObject(unknown);
    expect(await queue.limits()).toEqual([]);
    const jobs = [letter, defineJob("post", { payload })];
    expect(() => createQueue({ store: bed.store as JobStore, jobs })).toThrow(/name of a type/);
  });
}
