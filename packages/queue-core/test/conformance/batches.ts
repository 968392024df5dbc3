import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";

export function batchRules(rule: Rule): void {
  const request = { workerId: "worker-1", types: ["mail"], limit: 3, leaseMs: 30_000, lingerMs: 1_000 };
  const batch = { lines: ["mail"], size: 3, lingerMs: 1_000 };

  rule("R16: a batch is handed out when it is full", async (bed) => {
    await bed.add();
    await bed.add();
    expect(await bed.queue.claim(request)).toEqual([]);
    await bed.add({ delayMs: 10 });
    expect(await bed.queue.claim(request)).toEqual([]);
    bed.clock.advance(10);
    expect(await bed.queue.claim(request)).toHaveLength(3);
  });

  rule(
    "R16: a batch that is not full is handed out when its oldest job has waited long enough",
    async (bed) => {
      expect(await bed.store.untilGathered(batch)).toBeNull();
      await bed.add({ priority: 1 });
      bed.clock.advance(600);
      await bed.add({ priority: 9 });
      expect(await bed.store.untilGathered(batch)).toBe(400);
      bed.clock.advance(399);
      expect(await bed.queue.claim(request)).toEqual([]);
      bed.clock.advance(1);
      expect(await bed.store.untilGathered(batch)).toBe(0);
      expect(await bed.queue.claim(request)).toHaveLength(2);
    },
  );

  rule("R16: no batch of a paused type is waited for", async (bed) => {
    await bed.add();
    await bed.queue.pause("mail");
    expect(await bed.store.untilGathered({ ...batch, size: 1 })).toBeNull();
    expect(await bed.queue.claim({ ...request, limit: 1 })).toEqual([]);
  });

  rule("R16: a clock that was set back keeps no batch waiting", async (bed) => {
    await bed.add();
    bed.clock.setWall(bed.clock.now() - 3_600_000);
    expect(await bed.store.untilGathered(batch)).toBe(0);
    expect(await bed.queue.claim(request)).toHaveLength(1);
  });

  rule("R16: jobs of a group linger no longer than others, however far behind they stand", async (bed) => {
    await bed.queue.setGroupWeight("tenant", 0.01);
    for (let n = 0; n < 5; n += 1) await bed.add({ groupKey: "tenant" });
    expect(await bed.queue.claim(request)).toHaveLength(3);
    bed.clock.advance(999);
    expect(await bed.store.untilGathered(batch)).toBe(1);
    expect(await bed.queue.claim(request)).toEqual([]);
    bed.clock.advance(1);
    expect(await bed.queue.claim(request)).toHaveLength(2);
  });

  rule("R16: without a linger what is there is handed out", async (bed) => {
    const atOnce = { ...request, lingerMs: 0 };
    expect(await bed.store.untilGathered({ ...batch, lingerMs: 0 })).toBeNull();
    expect(await bed.queue.claim(atOnce)).toEqual([]);
    await bed.add();
    expect(await bed.store.untilGathered({ ...batch, lingerMs: 0 })).toBe(0);
    expect(await bed.queue.claim(atOnce)).toHaveLength(1);
  });

  rule("R16: a batch is no larger than its type's concurrency and tokens let through", async (bed) => {
    for (let n = 0; n < 5; n += 1) await bed.add();
    await bed.queue.setLimit("mail", { concurrency: 2 });
    const first = await bed.queue.claim(request);
    expect(first).toHaveLength(2);
    // Nothing can be claimed, so there is no batch to wait for.
    expect(await bed.store.untilGathered(batch)).toBeNull();
    expect(await bed.queue.claim(request)).toEqual([]);
    for (const job of first) await bed.queue.completeJob(job);
    await bed.queue.setLimit("mail", { rate: { limit: 1, periodMs: 10_000 } });
    expect(await bed.queue.claim(request)).toHaveLength(1);
    expect(await bed.store.untilGathered(batch)).toBeNull();
    bed.clock.advance(10_000);
    expect(await bed.queue.claim(request)).toHaveLength(1);
  });

  rule("R16: of each key a batch holds no more jobs than its limit lets through", async (bed) => {
    await bed.queue.setLimit("mail", { perKey: { concurrency: 1 } });
    const ofAda = await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }], { limitKey: "ada" });
    const ofGrace = await bed.add({ limitKey: "grace" });
    const jobs = await bed.queue.claim({ ...request, lingerMs: 0 });
    expect(jobs.map(({ id }) => id)).toEqual([ofAda[0]?.id, ofGrace.id]);
    // The others are set aside, so no batch is made of them.
    expect(await bed.store.untilGathered(batch)).toBeNull();
    for (const job of jobs) await bed.queue.completeJob(job);
    bed.clock.advance(1_000);
    expect(await bed.queue.claim(request)).toHaveLength(1);
  });

  rule("R16: groups take turns in a batch", async (bed) => {
    for (let n = 0; n < 20; n += 1) await bed.add({ groupKey: "many" });
    const { id: few } = await bed.add({ groupKey: "few" });
    expect((await bed.queue.claim(request)).map(({ id }) => id)).toContain(few);
  });
}
