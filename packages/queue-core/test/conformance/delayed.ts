import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";

export function delayedRules(rule: Rule): void {
  rule("R8: who waits for the next job to be due waits for those it takes", async (bed) => {
    const report = (delayMs: number) => bed.queue.enqueue("report", { n: 1 }, { delayMs });
    await report(1_000);
    expect(await bed.store.untilNextDue(["mail"])).toBeNull();
    await bed.add({ delayMs: 5_000 });
    expect(await bed.store.untilNextDue(["mail"])).toBe(5_000);
    expect(await bed.store.untilNextDue(["report"])).toBe(1_000);
    // Behind very many others it looks too soon rather than too late.
    for (let delayMs = 1_001; delayMs < 1_150; delayMs++) await report(delayMs);
    const untilMail = await bed.store.untilNextDue(["mail"]);
    expect(untilMail).toBeGreaterThan(1_000);
    expect(untilMail).toBeLessThanOrEqual(5_000);
    bed.clock.advance(2_000);
    expect(await bed.queue.dequeue("worker-1", { types: ["mail"] })).toBeNull();
    expect(await bed.store.untilNextDue(["mail"])).toBe(3_000);
  });

  rule("R8: a delayed job is never early, and needs no scheduler to be on time", async (bed) => {
    const added = await bed.queue.enqueueDelayed("mail", { n: 1 }, 60_000);
    expect(added).toMatchObject({ status: "scheduled", scheduledAt: new Date(bed.clock.now() + 60_000) });
    expect(await bed.store.getJob(added.id)).toMatchObject({ status: "scheduled" });
    bed.clock.advance(59_999);
    expect(await bed.store.promoteDue()).toBe(0);
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
    bed.clock.advance(1);
    expect((await bed.claim()).id).toBe(added.id);
  });

  rule("R8: a job can be given the instant from which it may run", async (bed) => {
    const runAt = new Date(bed.clock.now() + 60_000);
    const added = await bed.add({ runAt });
    expect(added).toMatchObject({ status: "scheduled", scheduledAt: runAt });
    bed.clock.advance(59_999);
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
    bed.clock.advance(1);
    expect((await bed.claim()).id).toBe(added.id);
  });

  rule("R8: an instant in the past is now", async (bed) => {
    const first = await bed.add();
    const added = await bed.add({ runAt: new Date(0) });
    expect(added).toMatchObject({ status: "pending", scheduledAt: new Date(bed.clock.now()) });
    expect((await bed.claim()).id).toBe(first.id);
  });

  rule("R8: an instant that is none, lies too far ahead or stands beside a delay is refused", async (bed) => {
    const now = bed.clock.now();
    const before = await bed.database.dump();
    for (const settings of [
      { runAt: new Date(Number.NaN) },
      { runAt: new Date(now + 366 * 24 * 60 * 60_000), uniqueKey: "once" },
      { runAt: new Date(now), delayMs: 0 },
    ]) {
      await bed.store.transaction(async (tx) => {
        await expect(bed.add({ ...settings, tx })).rejects.toMatchObject({ code: "OPTION_INVALID" });
      });
    }
    expect(await bed.database.dump()).toEqual(before);
  });

  rule("R8: a part of a millisecond counts as a whole one", async (bed) => {
    const { id } = await bed.queue.enqueueDelayed("mail", { n: 1 }, 0.2);
    expect(await bed.states(id)).toEqual(["scheduled"]);
    bed.clock.advance(1);
    expect((await bed.claim()).id).toBe(id);
  });

  rule("R8: without a delay a job can be claimed at once", async (bed) => {
    const { id } = await bed.queue.enqueueDelayed("mail", { n: 1 }, 0);
    expect(await bed.states(id)).toEqual(["pending"]);
  });

  rule("R8: what falls due takes its place by its due time", async (bed) => {
    const late = await bed.queue.enqueueDelayed("mail", { n: 1 }, 20);
    const early = await bed.queue.enqueueDelayed("report", { n: 1 }, 10);
    bed.clock.advance(15);
    const between = await bed.add();
    bed.clock.advance(15);
    const urgent = await bed.queue.enqueueDelayed("mail", { n: 1 }, 1, { priority: 10 });
    bed.clock.advance(1);
    expect(await bed.store.promoteDue()).toBe(3);
    const claimed = await bed.queue.dequeueBatch("worker-1", 4);
    expect(claimed.map((job) => job.id)).toEqual([urgent.id, early.id, between.id, late.id]);
  });

  rule("R8: a claim of one type leaves the due jobs of others on time", async (bed) => {
    const { id } = await bed.queue.enqueueDelayed("report", { n: 1 }, 10);
    bed.clock.advance(10);
    expect(await bed.queue.dequeue("worker-1", { types: ["mail"] })).toBeNull();
    expect((await bed.claim()).id).toBe(id);
  });

  rule("R8: more jobs may fall due at once than one promotion moves", async (bed) => {
    const delayMs = 10;
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 2_500 }, (_, n) => ({ n })),
      { delayMs },
    );
    bed.clock.advance(10);
    let promoted = 0;
    for (let moved = await bed.store.promoteDue(); moved > 0; moved = await bed.store.promoteDue())
      promoted += moved;
    expect(promoted).toBe(2_500);
    const { queue } = await bed.store.stats();
    expect([queue.pending, queue.scheduled]).toEqual([2_500, 0]);
  });

  rule("A25: one claim moves a bounded number of those that fall due at once", async (bed) => {
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 1_500 }, (_, n) => ({ n })),
      { delayMs: 10 },
    );
    bed.clock.advance(10);
    await bed.claim();
    const { queue } = await bed.store.stats();
    expect([queue.processing, queue.pending, queue.scheduled]).toEqual([1, 999, 500]);
  });

  rule("R8: nothing due means nothing written", async (bed) => {
    await bed.queue.enqueueDelayed("mail", { n: 1 }, 10);
    const before = await bed.database.dump();
    expect(await bed.store.promoteDue()).toBe(0);
    expect(await bed.database.dump()).toEqual(before);
  });

  rule("R8: a delay counts by the clock as it is, also after it was set back", async (bed) => {
    await bed.add();
    bed.clock.setWall(bed.clock.now() - 3_600_000);
    const { id, scheduledAt } = await bed.queue.enqueue("report", { n: 1 }, { delayMs: 5_000 });
    expect(scheduledAt).toEqual(new Date(bed.clock.now() + 5_000));
    expect(await bed.states(id)).toEqual(["scheduled"]);
    bed.clock.advance(5_000);
    expect((await bed.claim("worker-1", { types: ["report"] })).id).toBe(id);
  });

  rule("R8: a job without a delay can be claimed at once, also after the clock was set back", async (bed) => {
    const before = await bed.add();
    bed.clock.setWall(bed.clock.now() - 3_600_000);
    const after = await bed.add();
    expect(await bed.states(after.id)).toEqual(["pending"]);
    expect(await bed.store.getJob(after.id)).toMatchObject({ id: after.id });
    const claimed = await bed.queue.dequeueBatch("worker-1", 2);
    expect(claimed.map((job) => job.id)).toEqual([before.id, after.id]);
  });
}
