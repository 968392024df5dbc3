import { expect } from "vitest";
import { z } from "zod";
import { defineJob, PRIORITY } from "../../src/define.ts";
import { createQueue } from "../../src/queue.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

export function claimRules(rule: Rule): void {
  rule("R2: two workers never hold the same job", async (bed) => {
    const other = await bed.openProcess();
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 40 }, (_, n) => ({ n })),
    );
    const claims = await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 ? bed : other).queue.dequeue(`worker-${i}`)),
    );
    const ids = claims.flatMap((claim) => (claim ? [claim.id] : []));
    expect(ids).toHaveLength(40);
    expect(new Set(ids).size).toBe(40);
  });

  rule("R2: an empty queue gives null and writes nothing", async ({ queue, database }) => {
    const before = await database.dump();
    expect(await queue.dequeue("worker-1")).toBeNull();
    expect(await queue.dequeueBatch("worker-1", 10)).toEqual([]);
    expect(await database.dump()).toEqual(before);
  });

  rule("R2: a claimed job says what it is, and that it is taken", async (bed) => {
    const added = await bed.add({ workflowId: "wf-1", priority: 9 });
    bed.clock.advance(250);
    const claimed = await bed.claim("worker-7");
    expect(claimed).toMatchObject({
      id: added.id,
      type: "mail",
      payload: { n: 1 },
      priority: 9,
      workflowId: "wf-1",
    });
    expect(claimed).toMatchObject({ workerId: "worker-7", generation: 0, maxAttempts: 5, slotAt: null });
    expect(claimed.claimedAt).toEqual(new Date(bed.clock.now()));
    expect(claimed.createdAt).toEqual(added.createdAt);
    expect(await bed.store.getJob(added.id)).toMatchObject({
      status: "processing",
      lockedBy: "worker-7",
      lockedAt: claimed.claimedAt,
    });
  });

  rule("R5: a claim counts no attempt, and the first run has number 1", async (bed) => {
    const { id } = await bed.add();
    expect((await bed.claim()).attempt).toBe(1);
    expect((await bed.store.getJob(id))?.attempts).toBe(0);
  });

  rule("R2: a lease token is never given twice", async (bed) => {
    const { id } = await bed.add();
    const tokens = new Set<number>();
    for (let run = 0; run < 5; run += 1) {
      const claimed = await bed.claim();
      expect(claimed.id).toBe(id);
      tokens.add(claimed.leaseToken);
      await bed.finish(claimed, { verb: "handBack" });
    }
    expect(tokens.size).toBe(5);
  });

  rule("R11: the more urgent job comes first, whatever its type and age", async (bed) => {
    const low = await bed.add({ priority: PRIORITY.LOW });
    bed.clock.advance(1_000);
    const normal = await bed.queue.enqueue("report", { n: 1 });
    bed.clock.advance(1_000);
    const critical = await bed.add({ priority: PRIORITY.CRITICAL });
    const high = await bed.queue.enqueue("report", { n: 1 }, { priority: PRIORITY.HIGH });
    expect(await claimIds(bed, 4)).toEqual([critical.id, high.id, normal.id, low.id]);
  });

  rule(
    "R11: a large batch comes in the order of its jobs too, whoever of them was chosen for its age",
    async (bed) => {
      const added = await bed.queue.enqueueMany(
        "mail",
        Array.from({ length: 100 }, (_, n) => ({ n })),
      );
      const claimed = await bed.queue.dequeueBatch("worker-1", 100);
      expect(claimed.map((job) => job.id)).toEqual(added.map((job) => job.id));
    },
  );

  rule("R11: within a priority the first in is the first out, over all types", async (bed) => {
    const added: string[] = [];
    for (const type of ["report", "mail", "fixed", "mail", "report", "custom"] as const) {
      added.push((await bed.queue.enqueue(type, { n: 1 })).id);
      if (type === "mail") bed.clock.advance(1);
    }
    // In one millisecond the order of enqueueing decides.
    expect(await claimIds(bed, 6)).toEqual(added);
  });

  rule("R11: a LOW job is claimed although HIGH ones keep coming", async (bed) => {
    const low = await bed.add({ priority: PRIORITY.LOW });
    let claims = 0;
    for (let claimed = ""; claimed !== low.id; claims += 1) {
      bed.clock.advance(10);
      await bed.queue.enqueue("report", { n: 1 }, { priority: PRIORITY.HIGH });
      claimed = (await bed.claim()).id;
      expect(claims, "it starves").toBeLessThan(16);
    }
  });

  rule("R11: of sixteen claims fifteen go by priority", async (bed) => {
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 20 }, (_, n) => ({ n })),
      { priority: PRIORITY.LOW },
    );
    bed.clock.advance(10);
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 64 }, (_, n) => ({ n })),
      { priority: PRIORITY.HIGH },
    );
    const byPriority = await claimPriorities(bed, 64, 1);
    expect(byPriority.filter((priority) => priority === PRIORITY.LOW)).toHaveLength(4);
  });

  rule("R11: a claim of many jobs gives the oldest their share too", async (bed) => {
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 20 }, (_, n) => ({ n })),
      { priority: PRIORITY.LOW },
    );
    bed.clock.advance(10);
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 64 }, (_, n) => ({ n })),
      { priority: PRIORITY.HIGH },
    );
    const byPriority = await claimPriorities(bed, 2, 32);
    expect(byPriority.filter((priority) => priority === PRIORITY.LOW)).toHaveLength(4);
  });

  rule("R2: only jobs of the types asked for are claimed", async (bed) => {
    await bed.add({ priority: PRIORITY.CRITICAL });
    const report = await bed.queue.enqueue("report", { n: 1 });
    expect((await bed.claim("worker-1", { types: ["report", "custom"] })).id).toBe(report.id);
    expect(await bed.queue.dequeue("worker-1", { types: ["report", "custom"] })).toBeNull();
    expect(await bed.queue.dequeue("worker-1", { types: [] })).toBeNull();
  });

  rule("R2: a type that is asked for twice is claimed once", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.queue.dequeueBatch("worker-1", 10, { types: ["mail", "mail"] });
    expect(claimed.map((job) => job.id)).toEqual([id]);
  });

  rule("R2: a batch has no more jobs than asked for", async (bed) => {
    await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(await bed.queue.dequeueBatch("worker-1", 2)).toHaveLength(2);
    expect(await bed.queue.dequeueBatch("worker-1", 2)).toHaveLength(1);
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await expect(bed.queue.dequeueBatch("worker-1", limit)).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    }
  });

  rule(
    "R4: a stored payload that its schema refuses is dead at once, unspent, and the next job is taken",
    async (bed) => {
      const outdated = await bed.add();
      const queue = createQueue({
        store: bed.store,
        jobs: [defineJob("mail", { payload: z.object({ n: z.number().min(5), to: z.string() }) })],
        clock: bed.clock,
      });
      const current = await queue.enqueue("mail", { n: 5, to: "someone" });
      expect((await queue.dequeue("worker-1"))?.id).toBe(current.id);

      expect(await bed.store.getJob(outdated.id)).toMatchObject({ status: "failed", attempts: 0 });
      const dead = await bed.store.getDeadLetter(await bed.deadIdOf(outdated.id));
      expect(dead).toMatchObject({ reason: "invalid_payload", attempts: 0 });
      expect(dead?.lastError).toMatch(/n: .*5/);
      expect(dead?.lastError).toContain("to: ");
      expect(await bed.store.attempts(outdated.id)).toEqual([]);
      expect((await bed.store.stats()).queue.failureRate).toBeNull();
    },
  );
}

async function claimIds(bed: TestBed, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push((await bed.claim()).id);
  return ids;
}

async function claimPriorities(bed: TestBed, claims: number, limit: number): Promise<number[]> {
  const priorities: number[] = [];
  for (let claim = 0; claim < claims; claim += 1) {
    const jobs = await bed.queue.dequeueBatch("worker-1", limit);
    priorities.push(...jobs.map((job) => job.priority));
  }
  return priorities;
}
