import { expect } from "vitest";
import type { Dependency } from "../../src/store.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

/** More than two transactions tell. */
const CHILDREN = 2_500;
const DISCARD = { actor: "ann", action: "discard", subject: "a dead letter", detail: null };

/** A parent of type `fragile`, which dies of its first failure, and its children of type `report`. */
async function addFamily(bed: TestBed, whenDead: Dependency["whenDead"] = "cancel"): Promise<string> {
  const { id } = await bed.queue.enqueue("fragile", { n: 1 });
  await addChildren(bed, { jobId: id, whenDead }, CHILDREN);
  return id;
}

async function addChildren(bed: TestBed, parent: Dependency, count: number): Promise<void> {
  const payloads = Array.from({ length: count }, (_, n) => ({ n }));
  await bed.queue.enqueueMany("report", payloads, { dependsOn: [parent] });
}

async function complete(bed: TestBed): Promise<void> {
  await bed.queue.completeJob(await bed.claim("worker-1", { types: ["fragile"] }));
}

async function die(bed: TestBed): Promise<void> {
  await bed.queue.failJob(await bed.claim("worker-1", { types: ["fragile"] }), new Error("no luck"));
}

/** How many of the children are in which state. */
async function counts(bed: TestBed): Promise<Readonly<Record<string, number>>> {
  const { byType } = await bed.store.stats();
  const reports = byType.filter(({ type }) => type === "report");
  return Object.fromEntries(reports.map(({ status, count }) => [status, count]));
}

export function fanOutRules(rule: Rule): void {
  rule("A25: a parent with very many children lets go of them in several small transactions", async (bed) => {
    await addFamily(bed);
    await complete(bed);
    expect(await counts(bed)).toEqual({ pending: 1_000, waiting: 1_500 });
    expect(await bed.store.promoteDue()).toBe(1_500);
    expect(await counts(bed)).toEqual({ pending: CHILDREN });
    expect(await bed.store.promoteDue()).toBe(0);
  });

  rule("A25: workers let them go without a scheduler, each once and in their order", async (bed) => {
    await addFamily(bed);
    await complete(bed);
    const seen: number[] = [];
    for (;;) {
      const claimed = await bed.queue.dequeueBatch("worker-1", 400, { types: ["report"] });
      if (claimed.length === 0) break;
      for (const job of claimed) seen.push(job.payload.n);
      await bed.store.finish(
        claimed.map((job) => ({
          job,
          verdict: { verb: "complete", result: null },
          followUps: [],
          effects: [],
        })),
      );
    }
    expect(seen).toEqual(Array.from({ length: CHILDREN }, (_, n) => n));
  });

  rule("A25: a dead parent cancels them so, and theirs", async (bed) => {
    await addFamily(bed);
    const { items } = await bed.store.listJobs({ type: "report", limit: 1 });
    const last = items[0]?.id ?? "";
    const { id: grandchild } = await bed.queue.enqueue("mail", { n: 1 }, { dependsOn: [last] });
    await die(bed);
    expect(await counts(bed)).toEqual({ cancelled: 1_000, waiting: 1_500 });
    expect(await bed.states(last, grandchild)).toEqual(["waiting", "waiting"]);
    await bed.store.promoteDue();
    expect(await counts(bed)).toEqual({ cancelled: CHILDREN });
    expect(await bed.states(last, grandchild)).toEqual(["cancelled", "cancelled"]);
  });

  rule("A25: workers that find nothing to do cancel them without a scheduler", async (bed) => {
    await addFamily(bed);
    await die(bed);
    for (const left of [500, 0]) {
      expect(await bed.queue.dequeue("worker-1")).toBeNull();
      expect((await counts(bed))["waiting"] ?? 0).toBe(left);
    }
  });

  rule(
    "A25: a parent whose children were all cancelled before they heard of it can be pruned",
    async (bed) => {
      const parent = await addFamily(bed);
      await complete(bed);
      const { items } = await bed.store.listJobs({ type: "report", limit: CHILDREN });
      for (const { id } of items) await bed.store.cancel(id);
      await bed.queue.enqueue("mail", { n: 1 });
      bed.clock.advance(1_000);
      await bed.store.prune({ keepMs: 0 });
      expect(await bed.states(parent)).toEqual(["gone"]);
    },
  );

  rule("A25: children that go on without a dead parent go on so", async (bed) => {
    await addFamily(bed, "continue");
    await die(bed);
    await bed.store.promoteDue();
    expect(await counts(bed)).toEqual({ pending: CHILDREN });
  });

  rule(
    "A25: a parent that is retried before all have heard of its death waits for its second end with all",
    async (bed) => {
      const parent = await addFamily(bed);
      await die(bed);
      await bed.store.revive(await bed.deadIdOf(parent));
      expect(await counts(bed)).toEqual({ waiting: CHILDREN });
      expect(await bed.store.promoteDue()).toBe(0);
      await complete(bed);
      await bed.store.promoteDue();
      expect(await counts(bed)).toEqual({ pending: CHILDREN });
    },
  );

  rule(
    "A25: a dead parent that is discarded before all have heard of it leaves none waiting",
    async (bed) => {
      const parent = await addFamily(bed);
      await die(bed);
      await bed.store.discard(await bed.deadIdOf(parent), DISCARD);
      expect(await counts(bed)).toEqual({ cancelled: CHILDREN });
    },
  );

  rule("A25: a parent is kept until all have heard of it, whatever its retention", async (bed) => {
    const parent = await addFamily(bed);
    await complete(bed);
    await bed.queue.enqueue("mail", { n: 1 });
    bed.clock.advance(1_000);
    await bed.store.prune({ keepMs: 0 });
    expect(await bed.states(parent)).toEqual(["completed"]);
    await bed.store.promoteDue();
    expect(await counts(bed)).toEqual({ pending: CHILDREN });
  });

  rule("A25: a child that comes while the others are told is told at once", async (bed) => {
    const parent = await addFamily(bed);
    await complete(bed);
    const late = await bed.queue.enqueue("report", { n: 1 }, { dependsOn: [parent] });
    expect(late.status).toBe("pending");
    await bed.store.promoteDue();
    expect(await counts(bed)).toEqual({ pending: CHILDREN + 1 });
  });
}
