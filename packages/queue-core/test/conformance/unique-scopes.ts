import { expect } from "vitest";
import type { EnqueuedJob } from "../../src/queue.ts";
import type { UniqueRule } from "../../src/uniqueness.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const MINUTE_MS = 60_000;

/** Enqueues a job with the one key of these rules. */
function addKeyed(bed: TestBed, unique: UniqueRule, n = 1, delayMs = 0): Promise<EnqueuedJob> {
  return bed.queue.enqueue("fragile", { n }, { uniqueKey: "order-1", unique, delayMs });
}

export function uniqueScopeRules(rule: Rule): void {
  rule("R7: a key may be held only while its job has not ended", async (bed) => {
    const unique: UniqueRule = { while: "unfinished" };
    const first = await addKeyed(bed, unique);
    const claimed = await bed.claim();
    expect(await addKeyed(bed, unique)).toMatchObject({ id: first.id, deduplicated: true });
    await bed.queue.completeJob(claimed);
    const second = await addKeyed(bed, unique);
    expect(second).toMatchObject({ deduplicated: false });
    await bed.store.cancel(second.id);
    const third = await addKeyed(bed, unique);
    expect(third).toMatchObject({ deduplicated: false });
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    expect(await addKeyed(bed, unique)).toMatchObject({ deduplicated: false });
  });

  rule("R7: jobs that complete together give all their keys back", async (bed) => {
    const add = () =>
      Promise.all(
        Array.from({ length: 6 }, (_, n) =>
          bed.queue.enqueue("mail", { n }, { uniqueKey: `order-${n}`, unique: { while: "unfinished" } }),
        ),
      );
    await add();
    const claimed = await bed.queue.dequeueBatch("worker-1", 6);
    await Promise.all(claimed.map((job) => bed.queue.completeJob(job)));
    expect((await add()).map(({ deduplicated }) => deduplicated)).toEqual(
      Array.from({ length: 6 }, () => false),
    );
  });

  rule(
    "R7: a key may be held only until its job is claimed, so that one waits while one runs",
    async (bed) => {
      const unique: UniqueRule = { while: "unclaimed" };
      const first = await addKeyed(bed, unique);
      expect(await addKeyed(bed, unique)).toMatchObject({ id: first.id, deduplicated: true });
      const running = await bed.claim();
      const second = await addKeyed(bed, unique);
      expect(second).toMatchObject({ deduplicated: false });
      expect(await addKeyed(bed, unique)).toMatchObject({ id: second.id, deduplicated: true });
      // It comes back to the line and finds its key taken: both run.
      await bed.finish(running, { verb: "handBack" });
      expect(await addKeyed(bed, unique)).toMatchObject({ id: second.id, deduplicated: true });
      expect(await bed.queue.dequeueBatch("worker-1", 5)).toHaveLength(2);
    },
  );

  rule("A15: a job that comes back to the line holds its key again if nobody has it", async (bed) => {
    const unique: UniqueRule = { while: "unclaimed" };
    const { id } = await addKeyed(bed, unique);
    await bed.finish(await bed.claim(), { verb: "snooze", delayMs: MINUTE_MS });
    expect(await addKeyed(bed, unique)).toMatchObject({ id, deduplicated: true });
  });

  rule("R7: a key may be held for a time, whatever has become of its job", async (bed) => {
    const unique: UniqueRule = { forMs: MINUTE_MS };
    const first = await addKeyed(bed, unique);
    await bed.queue.completeJob(await bed.claim());
    bed.clock.advance(MINUTE_MS - 1);
    expect(await addKeyed(bed, unique)).toMatchObject({ id: first.id, deduplicated: true });
    bed.clock.advance(1);
    const second = await addKeyed(bed, unique);
    expect(second).toMatchObject({ deduplicated: false });
    expect(await addKeyed(bed, {})).toMatchObject({ id: second.id, deduplicated: true });
  });

  rule("R15: a job that takes a key whose time is over waits for its parents all the same", async (bed) => {
    const parent = await bed.add();
    await addKeyed(bed, { forMs: MINUTE_MS });
    bed.clock.advance(MINUTE_MS);
    const options = { uniqueKey: "order-1", dependsOn: [parent.id] };
    expect(await bed.queue.enqueue("fragile", { n: 2 }, options)).toMatchObject({ status: "waiting" });
  });

  rule("A15: a dead letter whose key a newer job has is not retried, and stops no others", async (bed) => {
    const { deadId } = await bed.addDead({ uniqueKey: "order-1", unique: { while: "unfinished" } });
    const { jobId: other } = await bed.addDead();
    const newer = await addKeyed(bed, { while: "unfinished" });
    await expect(bed.store.revive(deadId)).rejects.toMatchObject({
      code: "JOB_STATE_CONFLICT",
      message: expect.stringContaining(newer.id),
    });
    expect(await bed.store.reviveMany({})).toBe(1);
    expect(await bed.states(other, newer.id)).toEqual(["pending", "pending"]);
    await bed.store.cancel(newer.id);
    expect((await bed.store.revive(deadId)).status).toBe("pending");
    expect((await addKeyed(bed, { while: "unfinished" })).deduplicated).toBe(true);
  });

  rule("A5: a child that comes back with its parent holds its key again", async (bed) => {
    const parent = await bed.queue.enqueue("fragile", { n: 1 });
    const keyed = { uniqueKey: "child-1", unique: { while: "unfinished" } } as const;
    const child = await bed.add({ ...keyed, dependsOn: [parent.id] });
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    await bed.store.revive(await bed.deadIdOf(parent.id));
    expect(await bed.add(keyed)).toMatchObject({ id: child.id, status: "waiting", deduplicated: true });
  });

  rule("R7: the newer payload may replace that of a job that has not begun", async (bed) => {
    const unique: UniqueRule = { onConflict: "replace" };
    const { id, scheduledAt } = await addKeyed(bed, unique, 1);
    bed.clock.advance(1_000);
    expect(await addKeyed(bed, unique, 2)).toMatchObject({
      id,
      deduplicated: true,
      payload: { n: 2 },
      scheduledAt,
    });
    const claimed = await bed.claim();
    expect(claimed.payload).toEqual({ n: 2 });
    expect(await addKeyed(bed, unique, 3)).toMatchObject({ id, status: "processing", payload: { n: 2 } });
    await bed.queue.completeJob(claimed);
    expect(await addKeyed(bed, unique, 4)).toMatchObject({ id, status: "completed", payload: { n: 2 } });
  });

  rule("A13: a replaced payload of a job that has run before is a request of its own", async (bed) => {
    const options = { uniqueKey: "order-1", unique: { onConflict: "replace" } } as const;
    await bed.queue.enqueue("fixed", { n: 1 }, options);
    const first = await bed.claim();
    await bed.queue.failJob(first, new Error("no luck"));
    await bed.queue.enqueue("fixed", { n: 2 }, options);
    bed.clock.advance(MINUTE_MS);
    const second = await bed.claim();
    expect([first.generation, second.generation, second.payload]).toEqual([0, 1, { n: 2 }]);
  });

  rule("A28: each newer call may put a job off, up to its longest wait", async (bed) => {
    const unique: UniqueRule = { onConflict: "debounce", maxWaitMs: 2_500 };
    const { id, createdAt } = await addKeyed(bed, unique, 1, 1_000);
    const dueAfter = async (ms: number): Promise<void> => {
      const job = await bed.store.getJob(id);
      expect((job?.scheduledAt.getTime() ?? 0) - createdAt.getTime()).toBe(ms);
    };
    bed.clock.advance(900);
    expect(await addKeyed(bed, unique, 2, 1_000)).toMatchObject({
      id,
      status: "scheduled",
      payload: { n: 2 },
    });
    await dueAfter(1_900);
    bed.clock.advance(900);
    await addKeyed(bed, unique, 3, 1_000);
    await dueAfter(2_500);
    bed.clock.advance(600);
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
    bed.clock.advance(100);
    expect(await bed.claim()).toMatchObject({ id, payload: { n: 3 } });
  });

  rule("A28: a job that is due already, or waits for its parents, is put off too", async (bed) => {
    const unique: UniqueRule = { onConflict: "debounce" };
    const due = await addKeyed(bed, unique);
    expect(await addKeyed(bed, unique, 2, 1_000)).toMatchObject({ id: due.id, status: "scheduled" });
    const parent = await bed.add();
    const settings = { uniqueKey: "order-2", unique, dependsOn: [parent.id] };
    const child = await bed.queue.enqueue("mail", { n: 1 }, settings);
    await bed.queue.enqueue("mail", { n: 2 }, { ...settings, delayMs: 5_000 });
    await bed.queue.completeJob(await bed.claim("worker-1", { types: ["mail"] }));
    expect(await bed.states(child.id)).toEqual(["scheduled"]);
  });

  rule("R7: racing callers with a key that is given back add one job at a time", async (bed) => {
    const other = await bed.openProcess();
    for (let round = 0; round < 3; round += 1) {
      const added = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          (n % 2 ? bed : other).queue.enqueue(
            "mail",
            { n },
            { uniqueKey: "k", unique: { while: "unfinished" } },
          ),
        ),
      );
      expect(added.filter((job) => !job.deduplicated)).toHaveLength(1);
      await bed.queue.completeJob(await bed.claim());
    }
  });

  rule("R7: a rule without a key, or out of range, is refused and nothing is stored", async (bed) => {
    const refused = [
      [{ unique: {} }, "there is no uniqueKey"],
      [
        { uniqueKey: "k", unique: { while: "running" as "kept" } },
        "unique.while must be one of kept, unfinished",
      ],
      [
        { uniqueKey: "k", unique: { onConflict: "merge" as "keep" } },
        "unique.onConflict must be one of keep",
      ],
      [{ uniqueKey: "k", unique: { forMs: 0 } }, "unique.forMs must be a whole number from 1"],
      [{ uniqueKey: "k", unique: { maxWaitMs: 1.5 } }, "unique.maxWaitMs must be a whole number from 1"],
    ] as const;
    for (const [options, message] of refused)
      await expect(bed.add(options)).rejects.toMatchObject({
        code: "OPTION_INVALID",
        message: expect.stringContaining(message),
      });
    expect((await bed.store.listJobs({ limit: 10 })).items).toEqual([]);
  });

  rule("A13: so is that of a job that ran without spending an attempt", async (bed) => {
    const options = { uniqueKey: "order-1", unique: { onConflict: "replace" } } as const;
    await bed.queue.enqueue("fragile", { n: 1 }, options);
    const first = await bed.claim();
    expect(await bed.store.recordStep(first, "charge", '"charged 1"')).toBe(true);
    await bed.finish(first, { verb: "handBack" });
    await bed.queue.enqueue("fragile", { n: 2 }, options);
    const second = await bed.claim();
    expect([second.payload, await bed.store.readStep(second, "charge")]).toEqual([{ n: 2 }, undefined]);
    await bed.queue.failJob(second, new Error("no luck"));
    await bed.store.revive(await bed.deadIdOf(second.id));
    await bed.queue.enqueue("fragile", { n: 3 }, options);
    await bed.queue.enqueue("fragile", { n: 3 }, options);
    expect(await bed.claim()).toMatchObject({ payload: { n: 3 }, generation: 2 });
  });

  rule("A15: a job that comes back holds its key no longer than it would have", async (bed) => {
    const unique: UniqueRule = { while: "unfinished", forMs: MINUTE_MS };
    const { deadId } = await bed.addDead({ uniqueKey: "order-1", unique });
    bed.clock.advance(MINUTE_MS / 2);
    await bed.store.revive(deadId);
    expect((await addKeyed(bed, unique)).deduplicated).toBe(true);
    bed.clock.advance(MINUTE_MS / 2);
    expect((await addKeyed(bed, unique)).deduplicated).toBe(false);
  });

  rule("A15: a dead letter takes back a key whose newer holder's time is over", async (bed) => {
    const unique: UniqueRule = { while: "unfinished" };
    const { deadId, jobId } = await bed.addDead({ uniqueKey: "order-1", unique });
    await addKeyed(bed, { while: "unfinished", forMs: MINUTE_MS });
    bed.clock.advance(MINUTE_MS);
    expect((await bed.store.revive(deadId)).status).toBe("pending");
    expect(await addKeyed(bed, unique)).toMatchObject({ id: jobId, deduplicated: true });
  });

  rule("A15: or goes without, if its own time is over", async (bed) => {
    const unique: UniqueRule = { while: "unfinished", forMs: 1_000 };
    const { deadId, jobId } = await bed.addDead({ uniqueKey: "order-1", unique });
    const newer = await addKeyed(bed, {});
    bed.clock.advance(1_000);
    expect((await bed.store.revive(deadId)).status).toBe("pending");
    expect(await addKeyed(bed, {})).toMatchObject({ id: newer.id, deduplicated: true });
    expect(await bed.states(jobId)).toEqual(["pending"]);
  });

  rule("A28: a job that is put off no more expires when it would have", async (bed) => {
    const options = { uniqueKey: "k", unique: { onConflict: "debounce", maxWaitMs: 5_000 } } as const;
    const { id } = await bed.queue.enqueue("fleeting", { n: 1 }, options);
    bed.clock.advance(6_000);
    await bed.queue.enqueue("fleeting", { n: 2 }, options);
    bed.clock.advance(6_000);
    expect(await bed.queue.expireJobs()).toBe(1);
    expect((await bed.store.getJob(id))?.status).toBe("failed");
  });
}
