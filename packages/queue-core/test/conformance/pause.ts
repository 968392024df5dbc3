import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";

export function pauseRules(rule: Rule): void {
  rule("a paused type is not claimed, in any process, and others are", async (bed) => {
    const other = await bed.openProcess();
    await bed.add({ priority: 90 });
    await bed.queue.enqueue("report", { n: 2 });
    await bed.queue.pause("mail");
    const claimed = await other.queue.dequeueBatch("worker-1", 10);
    expect(claimed.map(({ type }) => type)).toEqual(["report"]);
    expect(await bed.queue.dequeue("worker-2", { types: ["mail"] })).toBeNull();
    await other.queue.resume("mail");
    expect((await bed.claim("worker-2")).type).toBe("mail");
  });

  rule("a paused queue hands out nothing, and takes jobs all the same", async (bed) => {
    await bed.add();
    await bed.queue.pause();
    await bed.queue.enqueue("report", { n: 2 }, { delayMs: 1_000 });
    await bed.add();
    bed.clock.advance(1_000);
    expect(await bed.queue.dequeueBatch("worker-1", 10)).toEqual([]);
    expect((await bed.store.stats()).queue.pending).toBe(3);
    await bed.queue.resume();
    expect(await bed.queue.dequeueBatch("worker-1", 10)).toHaveLength(3);
  });

  rule("what runs when its type is paused ends as ever; what comes back waits", async (bed) => {
    const done = await bed.add();
    const failed = await bed.add();
    const [first, second] = await bed.queue.dequeueBatch("worker-1", 2);
    await bed.queue.pause("mail");
    if (!first || !second) throw new Error("nothing was claimed");
    await bed.queue.completeJob(first);
    await bed.queue.failJob(second, new Error("no luck"));
    expect(await bed.states(done.id, failed.id)).toEqual(["completed", "scheduled"]);
    bed.clock.advance(3_600_000);
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
    await bed.queue.resume("mail");
    expect(await bed.claim()).toMatchObject({ id: failed.id, attempt: 2 });
  });

  rule("a type that was paused by itself stays so when the queue is resumed", async (bed) => {
    await bed.add();
    await bed.queue.pause("mail");
    await bed.queue.pause();
    await bed.queue.resume();
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
    await bed.queue.pause();
    await bed.queue.resume("mail");
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
    await bed.queue.resume();
    await bed.claim();
  });

  rule("it says what is paused and since when, in the statistics too", async (bed) => {
    expect(await bed.queue.paused()).toEqual({ queueSince: null, types: [] });
    const since = new Date(bed.clock.now());
    await bed.queue.pause("report");
    bed.clock.advance(10);
    await bed.queue.pause("report");
    await bed.queue.pause("mail");
    await bed.queue.pause();
    const later = new Date(bed.clock.now());
    const paused = {
      queueSince: later,
      types: [
        { type: "mail", since: later },
        { type: "report", since },
      ],
    };
    expect(await bed.queue.paused()).toEqual(paused);
    expect((await bed.queue.stats()).paused).toEqual(paused);
  });

  rule("R19: what is paused makes nobody ill, however much and however old", async (bed) => {
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 30 }, (_, n) => ({ n })),
    );
    bed.clock.advance(60 * 60_000);
    await bed.queue.enqueue("report", { n: 1 });
    const since = new Date(bed.clock.now());
    const limits = { pending: 20, unreviewed: 0 };
    expect((await bed.queue.checkQueueHealth(limits)).issues).toHaveLength(2);
    await bed.queue.pause("mail");
    expect(await bed.store.healthFacts()).toMatchObject({ pending: 1, oldestPending: since });
    expect(await bed.queue.checkQueueHealth(limits)).toEqual({ status: "healthy", issues: [] });
    expect((await bed.queue.stats()).queue).toMatchObject({ pending: 31 });
    await bed.queue.resume("mail");
    await bed.queue.pause();
    expect(await bed.store.healthFacts()).toMatchObject({ pending: 0, oldestPending: null });
  });

  rule("only a type of the catalog can be paused; any can be resumed", async (bed) => {
    const none = bed.queue.pause("nothing" as "mail");
    await expect(none).rejects.toMatchObject({ code: "JOB_TYPE_UNKNOWN" });
    await bed.queue.resume("nothing");
    expect(await bed.queue.paused()).toEqual({ queueSince: null, types: [] });
  });

  rule("R17: a job of a paused type expires all the same", async (bed) => {
    const { id } = await bed.queue.enqueue("fleeting", { n: 1 });
    await bed.queue.pause("fleeting");
    bed.clock.advance(10_000);
    expect(await bed.queue.expireJobs()).toBe(1);
    expect(await bed.states(id)).toEqual(["failed"]);
  });
}
