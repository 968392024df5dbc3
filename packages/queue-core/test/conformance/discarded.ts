import { sql } from "kysely";
import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const AUDIT = { actor: "ann", action: "discard", subject: "a dead letter", detail: "spam" };
const WEEK_MS = 7 * 24 * 60 * 60_000;

/** A dead letter that was discarded. */
async function addDiscarded(
  bed: TestBed,
  options?: Parameters<TestBed["addDead"]>[0],
): ReturnType<TestBed["addDead"]> {
  const dead = await bed.addDead(options);
  await bed.store.discard(dead.deadId, AUDIT);
  return dead;
}

/** Discarded and deleted for good. */
async function addErased(bed: TestBed): ReturnType<TestBed["addDead"]> {
  const dead = await addDiscarded(bed);
  await bed.store.erase(dead.deadId, AUDIT);
  return dead;
}

export function discardRules(rule: Rule): void {
  rule(
    "R6: a discarded job is found by nobody, counts nowhere and frees its key; a line says who",
    async (bed) => {
      const { jobId, deadId } = await addDiscarded(bed, { uniqueKey: "once", workflowId: "wf-1" });
      expect(await bed.store.getJob(jobId)).toBeNull();
      expect(await bed.store.getDeadLetter(deadId)).toBeNull();
      expect((await bed.store.listJobs({ limit: 10 })).items).toEqual([]);
      expect(await bed.store.recentFailures(10)).toEqual([]);
      expect(await bed.store.countWorkflow("wf-1")).toBeNull();
      const { queue, deadLetterQueue } = await bed.store.stats();
      expect([queue.failed, queue.pending, deadLetterQueue.unreviewed]).toEqual([0, 0, 0]);
      expect(await bed.store.reviveMany({})).toBe(0);
      expect(await bed.queue.enqueue("fragile", { n: 1 }, { uniqueKey: "once" })).toMatchObject({
        deduplicated: false,
      });
      const lines = await sql`SELECT at, actor, action, subject, detail FROM audit_log`.execute(
        bed.store.read,
      );
      expect(lines.rows).toEqual([{ at: bed.clock.now(), ...AUDIT }]);
    },
  );

  rule("R6: a discard is taken back: the dead letter is as it was, and so is its retry", async (bed) => {
    const { jobId, deadId } = await bed.addDead({ uniqueKey: "once", workflowId: "wf-1" });
    await bed.store.editDeadLetter(deadId, {
      notes: "asked the provider",
      stored: { payload: '{"n":5}', payloadVersion: 1, keyId: null },
    });
    const [dead, stats] = [await bed.store.getDeadLetter(deadId), await bed.store.stats()];
    await bed.store.discard(deadId, AUDIT);
    bed.clock.advance(1_000);
    await bed.store.putBack(deadId, AUDIT);
    expect(await bed.store.getDeadLetter(deadId)).toEqual(dead);
    expect((await bed.store.stats()).deadLetterQueue).toEqual(stats.deadLetterQueue);
    expect((await bed.store.stats()).byType).toEqual(stats.byType);
    expect((await bed.store.listDiscarded({ limit: 10 })).items).toEqual([]);
    expect(await bed.queue.enqueue("fragile", { n: 1 }, { uniqueKey: "once" })).toMatchObject({
      id: jobId,
      deduplicated: true,
    });
    await bed.store.revive(deadId);
    expect(await bed.claim()).toMatchObject({ id: jobId, generation: 1, payload: { n: 5 } });
    expect(await bed.store.attempts(jobId)).toHaveLength(1);
  });

  rule(
    "R6: what a dead letter had cancelled comes back with it, also after a discard taken back",
    async (bed) => {
      const parent = await bed.queue.enqueue("fragile", { n: 1 });
      const child = await bed.add({ dependsOn: [parent.id] });
      await bed.queue.failJob(await bed.claim(), new Error("no luck"));
      const deadId = await bed.deadIdOf(parent.id);
      await bed.store.discard(deadId, AUDIT);
      expect(await bed.states(child.id)).toEqual(["cancelled"]);
      await bed.store.putBack(deadId, AUDIT);
      await bed.store.revive(deadId);
      await bed.queue.completeJob(await bed.claim());
      expect(await bed.states(parent.id, child.id)).toEqual(["completed", "pending"]);
    },
  );

  rule("R6: a discard is not taken back where a newer job has the unique key", async (bed) => {
    const { jobId, deadId } = await addDiscarded(bed, { uniqueKey: "once" });
    const newer = await bed.queue.enqueue("fragile", { n: 2 }, { uniqueKey: "once" });
    const before = await bed.database.dump();
    await expect(bed.store.putBack(deadId, AUDIT)).rejects.toMatchObject({
      code: "JOB_STATE_CONFLICT",
      message: expect.stringContaining(newer.id),
    });
    expect(await bed.database.dump()).toEqual(before);
    expect(await bed.states(jobId)).toEqual(["discarded"]);
  });

  rule("R6: a key that was held for a time is not taken again when that is over", async (bed) => {
    const { deadId } = await addDiscarded(bed, { uniqueKey: "once", unique: { forMs: 60_000 } });
    bed.clock.advance(60_000);
    const newer = await bed.queue.enqueue("fragile", { n: 2 }, { uniqueKey: "once" });
    await bed.store.putBack(deadId, AUDIT);
    expect(await bed.queue.enqueue("fragile", { n: 3 }, { uniqueKey: "once" })).toMatchObject({
      id: newer.id,
      deduplicated: true,
    });
  });

  rule("R6: discarded jobs are listed newest first, page by page", async (bed) => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.unshift((await addDiscarded(bed)).deadId);
    const first = await bed.store.listDiscarded({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.items[0]).toMatchObject({ discardedAt: new Date(bed.clock.now()), payload: { n: 1 } });
    const cursor = first.nextCursor ?? "";
    const last = await bed.store.listDiscarded({ limit: 2, cursor });
    expect(last).toMatchObject({ items: [{ id: ids[2] }], nextCursor: null });
  });

  rule(
    "R6: a discarded job goes for good when its retention is over, counted from the discard",
    async (bed) => {
      const { deadId, jobId } = await bed.addDead();
      bed.clock.advance(2 * WEEK_MS);
      await bed.store.discard(deadId, AUDIT);
      await bed.queue.enqueueDelayed("mail", { n: 1 }, 20 * WEEK_MS);
      bed.clock.advance(WEEK_MS - 1);
      expect(await bed.store.prune({ keepMs: WEEK_MS })).toBe(0);
      expect(
        await bed.store.prune({ keepMs: WEEK_MS, byType: { fragile: { cancelledMs: 2 * WEEK_MS } } }),
      ).toBe(0);
      bed.clock.advance(1);
      expect(
        await bed.store.prune({ keepMs: WEEK_MS, byType: { fragile: { cancelledMs: 2 * WEEK_MS } } }),
      ).toBe(0);
      expect(await bed.states(jobId)).toEqual(["discarded"]);
      expect(await bed.store.prune({ keepMs: WEEK_MS })).toBe(1);
      expect(await bed.states(jobId)).toEqual(["gone"]);
      expect(await bed.store.attempts(jobId)).toEqual([]);
    },
  );

  rule("R6: more discarded jobs than go in one transaction go in many", async (bed) => {
    for (let n = 0; n < 101; n += 1) await addDiscarded(bed);
    bed.clock.advance(WEEK_MS);
    expect(await bed.store.prune({ keepMs: WEEK_MS })).toBe(101);
    expect((await bed.store.listDiscarded({ limit: 1 })).items).toEqual([]);
  });

  rule("R6: one that is erased is gone at once with all that hung on it, but for the audit", async (bed) => {
    const { jobId, deadId } = await addErased(bed);
    expect(await bed.states(jobId)).toEqual(["gone"]);
    expect(await bed.store.attempts(jobId)).toEqual([]);
    await expect(bed.store.putBack(deadId, AUDIT)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    const lines = await sql`SELECT action FROM audit_log`.execute(bed.store.read);
    expect(lines.rows).toHaveLength(2);
  });

  rule("R6: a discard, and what takes it back, is no event", async (bed) => {
    const { deadId } = await bed.addDead();
    const { promise, resolve } = Promise.withResolvers<void>();
    const feed = bed.queue.events({ pollMs: 10, onListening: resolve });
    const first = feed.next();
    await promise;
    await bed.store.discard(deadId, AUDIT);
    await bed.store.putBack(deadId, AUDIT);
    const { id } = await bed.queue.enqueue("mail", { n: 1 });
    expect((await first).value).toMatchObject({ kind: "enqueued", jobId: id });
    await feed.return(undefined);
  });

  rule("R6: the id of an erased job is not given again", async (bed) => {
    const { jobId } = await addErased(bed);
    expect((await bed.add()).id).not.toBe(jobId);
  });

  rule("R6: nor by another process whose clock shows the time of its creation again", async (bed) => {
    const other = await bed.openProcess();
    const { jobId } = await addErased(bed);
    expect((await other.queue.enqueue("mail", { n: 1 })).id).not.toBe(jobId);
    const numbers = await sql`SELECT seq FROM jobs WHERE id = ${jobId}`.execute(bed.store.read);
    expect(numbers.rows).toEqual([]);
  });

  rule("R6: of erased jobs that were the newest nothing is left when newer ones are there", async (bed) => {
    for (let n = 0; n < 3; n += 1) await addErased(bed);
    const count = () => bed.database.dump().then((dump) => JSON.stringify(dump).length);
    const before = await count();
    await bed.add();
    await bed.store.prune({ keepMs: 1_000 });
    expect(await count()).toBeLessThan(before);
    expect((await bed.store.listJobs({ limit: 10 })).items).toHaveLength(1);
  });
}
