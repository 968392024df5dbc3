import { sql } from "kysely";
import { expect } from "vitest";
import type { DeadLetterFilter } from "../../src/store.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const AUDIT = { actor: "ann", action: "discard", subject: "a dead letter", detail: "spam" };

export function deadLetterRules(rule: Rule): void {
  rule("R6: the final failure moves the job whole to the dead letters", async (bed) => {
    const added = await bed.queue.enqueue("fragile", { n: 4 }, { workflowId: "wf-1", priority: 9 });
    bed.clock.advance(10);
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    const dead = await bed.store.getDeadLetter(await bed.deadIdOf(added.id));
    expect(dead).toEqual({
      id: dead?.id,
      originalJobId: added.id,
      type: "fragile",
      payload: { n: 4 },
      payloadVersion: 1,
      keyId: null,
      attempts: 1,
      maxAttempts: 1,
      priority: 9,
      lastError: "Error: no luck",
      reason: "attempts_exhausted",
      failedAt: new Date(bed.clock.now()),
      createdAt: added.createdAt,
      reviewed: false,
      notes: null,
      workflowId: "wf-1",
    });
    expect(await bed.states(added.id)).toEqual(["failed"]);
    const listed = await sql<{ id: string }>`SELECT id FROM jobs`.execute(bed.store.read);
    expect(listed.rows).toEqual([]);
  });

  rule("R6: what a type's onDead hook asks for is there with the move", async (bed) => {
    const { id } = await bed.queue.enqueue("mourned", { n: 8 }, { workflowId: "wf-1" });
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    const jobs = await bed.store.workflowJobs("wf-1");
    expect(jobs).toMatchObject([
      { id, status: "failed" },
      { type: "mail", payload: { n: 8 }, status: "pending", workflowId: "wf-1" },
    ]);
  });

  rule("R6: a stale worker's last failure calls up no jobs either", async (bed) => {
    await bed.queue.enqueue("mourned", { n: 8 });
    const stale = await bed.claim();
    await bed.finish(stale, { verb: "handBack" });
    const before = await bed.database.dump();
    await expect(bed.queue.failJob(stale, new Error("late"))).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect(await bed.database.dump()).toEqual(before);
  });

  rule(
    "R6: a retry brings the job back under its own id, attempts 0, with history, workflow and unique key",
    async (bed) => {
      const { jobId, deadId } = await bed.addDead({ workflowId: "wf-1", uniqueKey: "once" });
      await bed.queue.enqueue("fragile", { n: 2 }, { priority: 9 });
      bed.clock.advance(60_000);
      const revived = await bed.store.revive(deadId);
      expect(revived).toMatchObject({ id: jobId, status: "pending", attempts: 0, workflowId: "wf-1" });
      expect(revived).toMatchObject({ lastError: "Error: no luck", scheduledAt: new Date(bed.clock.now()) });
      expect(await bed.store.getJob(jobId)).toEqual(revived);
      expect(await bed.store.getDeadLetter(deadId)).toBeNull();
      expect(await bed.store.attempts(jobId)).toHaveLength(1);
      expect(await bed.queue.enqueue("fragile", { n: 1 }, { uniqueKey: "once" })).toMatchObject({
        id: jobId,
        deduplicated: true,
      });
      const again = await bed.queue.dequeueBatch("worker-1", 2);
      expect(again.map(({ id, attempt, generation }) => [id, attempt, generation])).toContainEqual([
        jobId,
        1,
        0,
      ]);
    },
  );

  rule(
    "R6: a dead letter is found by its job, and its id is told where the job's is given for it",
    async (bed) => {
      const { id: jobId } = await bed.add({ maxAttempts: 1 });
      // Born and dead in one millisecond, its dead letter would have the same id.
      bed.clock.advance(1);
      await bed.queue.failJob(await bed.claim(), new Error("no luck"));
      const deadId = await bed.deadIdOf(jobId);
      await bed.addDead();
      const { items } = await bed.store.listDeadLetters({ jobId, limit: 10 });
      expect(items.map(({ id }) => id)).toEqual([deadId]);
      await expect(bed.store.revive(jobId)).rejects.toMatchObject({
        code: "JOB_NOT_FOUND",
        message: expect.stringContaining(`that of its dead letter is ${deadId}`),
      });
      expect(await bed.store.reviveMany({ jobId })).toBe(1);
    },
  );

  rule("R6: a retried job can die again", async (bed) => {
    const { jobId, deadId } = await bed.addDead();
    await bed.store.revive(deadId);
    await bed.queue.failJob(await bed.claim(), new Error("still no luck"));
    expect(await bed.store.getDeadLetter(await bed.deadIdOf(jobId))).toMatchObject({
      originalJobId: jobId,
      attempts: 1,
      lastError: "Error: still no luck",
    });
    expect(await bed.store.attempts(jobId)).toHaveLength(2);
  });

  rule(
    "R6: an edited payload starts a new generation when it is retried, a plain retry keeps the old one",
    async (bed) => {
      const { jobId, deadId } = await bed.addDead();
      expect(
        await bed.store.editDeadLetter(deadId, {
          stored: { payload: '{"n":5}', payloadVersion: 1, keyId: null },
        }),
      ).toMatchObject({
        payload: { n: 5 },
      });
      expect(await bed.store.revive(deadId)).toMatchObject({ id: jobId, payload: { n: 5 } });
      const edited = await bed.claim();
      expect(edited).toMatchObject({ id: jobId, generation: 1, payload: { n: 5 } });
      await bed.queue.failJob(edited, new Error("no luck"));
      await bed.store.revive(await bed.deadIdOf(jobId));
      expect((await bed.claim()).generation).toBe(1);
    },
  );

  rule("R6: an edit that was taken back is none", async (bed) => {
    const { jobId, deadId } = await bed.addDead();
    await bed.store.editDeadLetter(deadId, {
      stored: { payload: '{"n":5}', payloadVersion: 1, keyId: null },
    });
    await bed.store.editDeadLetter(deadId, {
      stored: { payload: '{"n":1}', payloadVersion: 1, keyId: null },
    });
    await bed.store.revive(deadId);
    expect(await bed.claim()).toMatchObject({ id: jobId, generation: 0, payload: { n: 1 } });
  });

  rule("R6: a dead letter is marked as reviewed, with a note, and back", async (bed) => {
    const { deadId } = await bed.addDead();
    expect((await bed.store.stats()).deadLetterQueue.unreviewed).toBe(1);
    await bed.store.editDeadLetter(deadId, { reviewed: true, notes: "customer is gone" });
    expect(await bed.store.getDeadLetter(deadId)).toMatchObject({
      reviewed: true,
      notes: "customer is gone",
    });
    expect((await bed.store.stats()).deadLetterQueue.unreviewed).toBe(0);
    expect(await bed.store.editDeadLetter(deadId, { reviewed: false })).toMatchObject({
      notes: "customer is gone",
    });
    expect(await bed.store.editDeadLetter(deadId, { notes: null })).toMatchObject({
      reviewed: false,
      notes: null,
    });
  });

  rule("R6: what is no dead letter can be neither retried, edited nor discarded", async (bed) => {
    const { jobId, deadId } = await bed.addDead();
    await bed.store.revive(deadId);
    const before = await bed.database.dump();
    const missing = { code: "JOB_NOT_FOUND" };
    for (const id of [deadId, jobId, "nobody"]) {
      await expect(bed.store.putBack(id, AUDIT)).rejects.toMatchObject(missing);
      await expect(bed.store.erase(id, AUDIT)).rejects.toMatchObject(missing);
      await expect(bed.store.revive(id)).rejects.toMatchObject(missing);
      await expect(bed.store.editDeadLetter(id, { reviewed: true })).rejects.toMatchObject(missing);
      await expect(bed.store.discard(id, AUDIT)).rejects.toMatchObject(missing);
      expect(await bed.store.getDeadLetter(id)).toBeNull();
    }
    expect(await bed.database.dump()).toEqual(before);
  });

  rule("R6: dead letters are listed newest first, page by page, and by type or review", async (bed) => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      ids.unshift((await bed.addDead()).deadId);
      if (i !== 2) bed.clock.advance(1);
    }
    const reviewed = ids[2] ?? "";
    await bed.store.editDeadLetter(reviewed, { reviewed: true });
    expect(await pagesOf(bed, {})).toEqual(ids);
    expect(await pagesOf(bed, { reviewed: true })).toEqual([reviewed]);
    expect(await pagesOf(bed, { type: "fragile", reviewed: false })).toEqual(
      ids.filter((id) => id !== reviewed),
    );
    expect(await pagesOf(bed, { type: "mail" })).toEqual([]);
  });

  rule(
    "R6: dead letters are found by reason, by text in their error and by time, and retried so",
    async (bed) => {
      const first = await bed.addDead();
      bed.clock.advance(1_000);
      const { id } = await bed.queue.enqueue("fragile", { n: 1 });
      await bed.queue.failJob(
        await bed.claim("worker-1", { types: ["fragile"] }),
        new Error("50% of_it: Timed Out"),
      );
      const second = await bed.deadIdOf(id);
      const diedAt = (await bed.store.getDeadLetter(second))?.failedAt ?? new Date(0);
      expect(await pagesOf(bed, { search: "timed out" })).toEqual([second]);
      expect(await pagesOf(bed, { search: "50% of_it" })).toEqual([second]);
      for (const search of ["5_%", "o_it"])
        expect([search, await pagesOf(bed, { search })]).toEqual([search, []]);
      expect(await pagesOf(bed, { reason: "attempts_exhausted" })).toEqual([second, first.deadId]);
      expect(await pagesOf(bed, { reason: "expired" })).toEqual([]);
      expect(await pagesOf(bed, { failedFrom: diedAt })).toEqual([second]);
      expect(await pagesOf(bed, { failedBefore: diedAt })).toEqual([first.deadId]);
      expect(await bed.store.countRevivable({ search: "timed out", failedBefore: diedAt }, 10)).toBe(0);
      expect(await bed.store.countRevivable({ search: "timed out" }, 10)).toBe(1);
      expect(await bed.store.countRevivable({}, 10)).toBe(2);
      expect(await bed.store.countRevivable({}, 1)).toBe(1);
      expect(await bed.store.reviveMany({ search: "timed out", failedBefore: diedAt })).toBe(0);
      expect(await bed.store.reviveMany({ search: "timed out", type: "fragile" })).toBe(1);
      expect(await bed.states(id, first.jobId)).toEqual(["pending", "failed"]);
    },
  );

  rule("R6: all dead letters that fit are retried together, the others stay", async (bed) => {
    const dead: string[] = [];
    for (let i = 0; i < 4; i += 1) dead.push((await bed.addDead()).jobId);
    await bed.store.editDeadLetter(await bed.deadIdOf(dead[1] ?? ""), { reviewed: true });
    expect(await bed.store.reviveMany({ type: "mail" })).toBe(0);
    expect(await bed.store.reviveMany({ type: "fragile", reviewed: false })).toBe(3);
    expect(await bed.states(...dead)).toEqual(["pending", "failed", "pending", "pending"]);
    expect(await bed.store.reviveMany({})).toBe(1);
    expect(await bed.store.reviveMany({})).toBe(0);
  });

  rule(
    "R6: many are retried at a pace, one behind the other, and wait for that as scheduled",
    async (bed) => {
      const dead: string[] = [];
      for (let i = 0; i < 3; i += 1) dead.push((await bed.addDead()).jobId);
      await expect(bed.store.reviveMany({}, { perMinute: 0 })).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
      const nowMs = bed.clock.now();
      expect(await bed.store.reviveMany({}, { perMinute: 30 })).toBe(3);
      expect(await bed.states(...dead)).toEqual(["pending", "scheduled", "scheduled"]);
      expect((await bed.store.getJob(dead[2] ?? ""))?.scheduledAt).toEqual(new Date(nowMs + 4_000));
      const claim = () => bed.queue.dequeueBatch("worker-1", 5, { types: ["fragile"] });
      expect((await claim()).map(({ id }) => id)).toEqual([dead[0]]);
      bed.clock.advance(2_000);
      expect((await claim()).map(({ id }) => id)).toEqual([dead[1]]);
      bed.clock.advance(1_999);
      expect(await claim()).toEqual([]);
      bed.clock.advance(1);
      expect((await claim()).map(({ id }) => id)).toEqual([dead[2]]);
    },
  );

  rule(
    "R6: more dead letters than one transaction revives go in many, also after the clock was set back",
    async (bed) => {
      await bed.queue.enqueueMany(
        "fragile",
        Array.from({ length: 250 }, (_, n) => ({ n })),
      );
      const claimed = await bed.queue.dequeueBatch("worker-1", 250);
      await Promise.all(claimed.map((job) => bed.queue.failJob(job, new Error("no luck"))));
      bed.clock.setWall(bed.clock.now() - 3_600_000);
      expect(await bed.store.reviveMany({})).toBe(250);
      expect((await bed.store.stats()).queue).toMatchObject({ pending: 250, failed: 0 });
    },
  );
}

async function pagesOf(bed: TestBed, filter: DeadLetterFilter): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query: { limit: number; cursor?: string } = cursor === "" ? { limit: 2 } : { limit: 2, cursor };
    const page = await bed.store.listDeadLetters({ ...filter, ...query });
    ids.push(...page.items.map((item) => item.id));
    cursor = page.nextCursor;
  }
  return ids;
}
