import { expect } from "vitest";
import { FakeClock } from "../../src/testing/index.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const MINUTE_MS = 60_000;

/** Adds a job, lets it wait, and lets its run take so long. */
async function run(bed: TestBed, waitMs: number, runMs: number): Promise<void> {
  await bed.add();
  bed.clock.advance(waitMs);
  const job = await bed.claim();
  bed.clock.advance(runMs);
  await bed.queue.completeJob(job);
}

export function historyRules(rule: Rule): void {
  rule("R18: the history of a queue that did nothing has all its points", async (bed) => {
    const { stepMinutes, points, total } = await bed.queue.history();
    expect([stepMinutes, points.length]).toEqual([1, 60]);
    const nothing = { enqueued: 0, completed: 0, failed: 0, timedOut: 0, waiting: null, running: null };
    expect(total).toEqual(nothing);
    const minute = Math.floor(bed.clock.now() / MINUTE_MS) * MINUTE_MS;
    expect(points.at(-1)).toEqual({ at: new Date(minute), ...nothing });
    expect(points[0]?.at).toEqual(new Date(minute - 59 * MINUTE_MS));
  });

  rule("R18: a clock that is a day ahead for a moment costs nothing of the day before", async (bed) => {
    await run(bed, 10, 100);
    const ahead = new FakeClock(bed.clock.now() + 24 * 60 * MINUTE_MS);
    const other = await bed.openProcess(ahead);
    await other.queue.enqueue("mail", { n: 1 });
    const job = await other.queue.dequeue("worker-2");
    if (job) await other.queue.completeJob(job);
    expect((await bed.queue.history({ minutes: 2 })).total).toMatchObject({ enqueued: 1, completed: 1 });
  });

  rule("R18: what happened is told by the minute in which it did", async (bed) => {
    await run(bed, 10, 100);
    await bed.addDead();
    bed.clock.advance(MINUTE_MS);
    await bed.add();
    await bed.queue.enqueueDelayed("mail", { n: 1 }, 5_000);
    const { points, total } = await bed.queue.history({ minutes: 2 });
    expect(points).toEqual([
      expect.objectContaining({ enqueued: 2, completed: 1, failed: 1, timedOut: 0 }),
      expect.objectContaining({ enqueued: 2, completed: 0, failed: 0, waiting: null, running: null }),
    ]);
    expect(total).toMatchObject({ enqueued: 4, completed: 1, failed: 1, running: { count: 2 } });
  });

  rule(
    "R18: waiting counts from when a job is due to its claim, running from there to its end",
    async (bed) => {
      for (let n = 0; n < 20; n += 1) await run(bed, 1_000, 40);
      await run(bed, 10_000, 700);
      const { total } = await bed.queue.history();
      const { waiting, running } = total;
      expect(waiting?.count).toBe(21);
      expect(running?.count).toBe(21);
      const within = (guess: number | undefined, truth: number): boolean =>
        guess !== undefined && guess >= truth / 2 && guess <= truth * 2;
      expect(within(waiting?.p50Ms, 1_000)).toBe(true);
      expect(within(running?.p50Ms, 40)).toBe(true);
      await bed.queue.enqueueDelayed("mail", { n: 1 }, 5 * MINUTE_MS);
      bed.clock.advance(5 * MINUTE_MS);
      await bed.claim();
      const [last] = (await bed.queue.history({ minutes: 1 })).points;
      expect(last?.waiting).toMatchObject({ count: 1 });
      expect(last?.waiting?.p95Ms).toBeLessThan(2);
    },
  );

  rule("R18: types and steps of several minutes can be asked for", async (bed) => {
    await run(bed, 0, 0);
    await bed.addDead();
    const mail = await bed.queue.history({ type: "mail" });
    expect(mail.total).toMatchObject({ enqueued: 1, completed: 1, failed: 0 });
    const hours = await bed.queue.history({ minutes: 1_440, stepMinutes: 60 });
    expect(hours.points).toHaveLength(24);
    expect(hours.points.at(-1)).toMatchObject({ completed: 1, failed: 1 });
    expect(hours.points.every(({ at }) => at.getTime() % (60 * MINUTE_MS) === 0)).toBe(true);
    // One that is past the hour by some minutes needs a point more, not fewer minutes.
    expect((await bed.queue.history({ minutes: 61, stepMinutes: 60 })).points).toHaveLength(2);
  });

  rule("R18: a history of no time, or of a type there is not, is refused", async (bed) => {
    const invalid = { code: "OPTION_INVALID" };
    for (const query of [
      { minutes: 0 },
      { minutes: 1_441 },
      { minutes: 1.5 },
      { stepMinutes: 0 },
      { stepMinutes: 61 },
    ])
      await expect(bed.queue.history(query)).rejects.toMatchObject(invalid);
    await expect(bed.queue.history({ type: "maill" })).rejects.toMatchObject({ code: "JOB_TYPE_UNKNOWN" });
  });

  rule("R18: jobs that were added in a transaction which was lost are in no counter", async (bed) => {
    const lost = new Error("lost");
    const adding = bed.store.transaction(async (tx) => {
      await bed.queue.enqueueMany(
        "mail",
        Array.from({ length: 600 }, (_, n) => ({ n })),
        { tx },
      );
      await bed.queue.enqueueDelayed("mail", { n: 1 }, 1_000, { tx });
      throw lost;
    });
    await expect(adding).rejects.toBe(lost);
    expect((await bed.queue.stats()).byType).toEqual([]);
    expect((await bed.queue.history()).total.enqueued).toBe(0);
  });

  rule(
    "R18: what is older than two days is forgotten as new minutes come, without anybody pruning",
    async (bed) => {
      await run(bed, 0, 0);
      const minutes = (): Promise<number> =>
        bed.store.minuteStats({ first: 0, last: Number.MAX_SAFE_INTEGER }).then((all) => all.length);
      bed.clock.advance(30 * 60 * MINUTE_MS);
      await run(bed, 0, 0);
      expect(await minutes()).toBeGreaterThanOrEqual(2);
      const before = Math.floor(bed.clock.now() / MINUTE_MS);
      bed.clock.advance(30 * 60 * MINUTE_MS);
      await run(bed, 0, 0);
      const kept = await bed.store.minuteStats({ first: 0, last: Number.MAX_SAFE_INTEGER });
      const ended = kept.filter(({ completed }) => completed > 0).map(({ minute }) => minute);
      expect(ended).toEqual([before, before + 30 * 60]);
    },
  );

  rule("R18: jobs are counted exactly however many there are, and stay so as they end", async (bed) => {
    const other = await bed.openProcess();
    for (let n = 0; n < 3; n += 1)
      await bed.queue.enqueueMany(
        "mail",
        Array.from({ length: 200 }, (_, i) => ({ n: i })),
      );
    for (let n = 0; n < 5; n += 1) await other.queue.enqueue("report", { n });
    const claimed = await bed.queue.dequeueBatch("worker-1", 100, { types: ["mail"] });
    await Promise.all(claimed.slice(0, 60).map((job) => other.queue.completeJob(job)));
    expect((await bed.queue.stats()).byType).toEqual([
      { type: "mail", status: "completed", count: 60 },
      { type: "mail", status: "pending", count: 500 },
      { type: "mail", status: "processing", count: 40 },
      { type: "report", status: "pending", count: 5 },
    ]);
    bed.clock.advance(8 * 24 * 60 * MINUTE_MS);
    await bed.store.prune({ keepMs: 7 * 24 * 60 * MINUTE_MS });
    expect((await other.queue.stats()).byType).toEqual([
      { type: "mail", status: "pending", count: 500 },
      { type: "mail", status: "processing", count: 40 },
      { type: "report", status: "pending", count: 5 },
    ]);
  });
}
