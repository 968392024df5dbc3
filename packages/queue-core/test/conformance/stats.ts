import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const MINUTE_MS = 60_000;

async function complete(bed: TestBed, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await bed.add();
    await bed.queue.completeJob(await bed.claim());
  }
}

export function statsRules(rule: Rule): void {
  rule("R18: an empty queue has nothing to tell", async (bed) => {
    expect(await bed.queue.stats()).toEqual({
      queue: {
        pending: 0,
        processing: 0,
        completedLastHour: 0,
        failed: 0,
        oldestPending: null,
        scheduled: 0,
        waiting: 0,
        processingRatePerMinute: 0,
        failureRate: null,
      },
      paused: { queueSince: null, types: [] },
      unread: [],
      deadLetterQueue: { unreviewed: 0 },
      byType: [],
    });
  });

  rule("R18: every job is counted once, by its state and type", async (bed) => {
    await complete(bed, 2);
    await bed.addDead();
    const parent = await bed.queue.enqueue("report", { n: 1 }, { priority: 9 });
    await bed.claim();
    await bed.add({ dependsOn: [parent.id] });
    await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    await bed.queue.enqueueDelayed("report", { n: 1 }, 1_000);
    await bed.store.cancel((await bed.add()).id);
    const { queue, byType, deadLetterQueue } = await bed.queue.stats();
    expect(queue).toMatchObject({
      pending: 3,
      processing: 1,
      failed: 1,
      scheduled: 1,
      waiting: 1,
      completedLastHour: 2,
    });
    expect(queue.failureRate).toBeCloseTo(1 / 3);
    expect(deadLetterQueue).toEqual({ unreviewed: 1 });
    expect(byType).toEqual([
      { type: "fragile", status: "failed", count: 1 },
      { type: "mail", status: "cancelled", count: 1 },
      { type: "mail", status: "completed", count: 2 },
      { type: "mail", status: "pending", count: 3 },
      { type: "mail", status: "waiting", count: 1 },
      { type: "report", status: "processing", count: 1 },
      { type: "report", status: "scheduled", count: 1 },
    ]);
  });

  rule("R18: the oldest pending job is the one that has been due longest", async (bed) => {
    await bed.queue.enqueueDelayed("mail", { n: 1 }, 5_000);
    const due = bed.clock.now() + 5_000;
    bed.clock.advance(7_000);
    await bed.add({ priority: 20 });
    expect((await bed.queue.stats()).queue.oldestPending).toEqual(new Date(due + 2_000));
    await bed.store.promoteDue();
    expect((await bed.queue.stats()).queue.oldestPending).toEqual(new Date(due));
  });

  rule("R18: rates look back five minutes, totals an hour", async (bed) => {
    await complete(bed, 5);
    await bed.addDead();
    const { queue: now } = await bed.queue.stats();
    expect([now.processingRatePerMinute, now.completedLastHour]).toEqual([0, 5]);
    bed.clock.advance(MINUTE_MS);
    expect((await bed.queue.stats()).queue.processingRatePerMinute).toBe(6 / 5);
    bed.clock.advance(5 * MINUTE_MS);
    const { queue: later } = await bed.queue.stats();
    expect([later.processingRatePerMinute, later.completedLastHour]).toEqual([0, 5]);
    expect(later.failureRate).toBeCloseTo(1 / 6);
    bed.clock.advance(54 * MINUTE_MS);
    const { queue: hourLater } = await bed.queue.stats();
    expect([hourLater.completedLastHour, hourLater.failureRate]).toEqual([0, null]);
  });

  rule("R18: runs of several processes add up", async (bed) => {
    const other = await bed.openProcess();
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 10 }, (_, n) => ({ n })),
    );
    const claimed = await bed.queue.dequeueBatch("worker-1", 10);
    await Promise.all(claimed.map((job, i) => (i % 2 ? bed : other).queue.completeJob(job)));
    expect((await bed.queue.stats()).queue.completedLastHour).toBe(10);
  });

  rule("R19: what the health is judged by", async (bed) => {
    await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    for (let n = 0; n < 3; n += 1) await bed.addDead();
    const oldest = new Date(bed.clock.now());
    bed.clock.advance(1_000);
    await bed.add({ priority: 20 });
    await bed.queue.enqueue("report", { n: 1 });
    expect(await bed.store.healthFacts()).toEqual({
      pending: 5,
      oldestPending: oldest,
      unread: [],
      unreviewed: 3,
    });
  });

  rule("R19: the queue is judged by what it holds", async (bed) => {
    expect(await bed.queue.checkQueueHealth()).toEqual({ status: "healthy", issues: [] });
    await bed.addDead();
    await bed.add();
    bed.clock.advance(31 * MINUTE_MS);
    expect(await bed.queue.checkQueueHealth()).toMatchObject({
      status: "degraded",
      issues: [expect.stringMatching(/31 min/)],
    });
    const strict = await bed.queue.checkQueueHealth({ pending: 0, unreviewed: 0 });
    expect(strict).toMatchObject({ status: "unhealthy", issues: { length: 3 } });
  });
}
