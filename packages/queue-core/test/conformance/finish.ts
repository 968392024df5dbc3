import { expect } from "vitest";
import { NonRetryableError } from "../../src/errors.ts";
import type { Transaction } from "../../src/store.ts";
import { newJob } from "./new-jobs.ts";
import type { Rule } from "./store-conformance.ts";
import type { AppTables } from "./test-database.ts";

const COMPLETE = { verb: "complete", result: null } as const;

/** SQL of the application: writes a note. */
function note(text: string): (tx: Transaction) => Promise<void> {
  return async (tx) => {
    // The port knows no application tables; this suite's databases have `note`.
    await (tx as Transaction<AppTables>).sql.insertInto("note").values({ id: text.length, text }).execute();
  };
}

export function finishRules(rule: Rule): void {
  rule("R5: a run that completed is one attempt, and its result can be read", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    bed.clock.advance(250);
    await bed.queue.completeJob(claimed, { sent: 1 });
    const job = await bed.store.getJob(id);
    expect(job).toMatchObject({ status: "completed", attempts: 1, result: { sent: 1 }, lastError: null });
    expect(job).toMatchObject({ completedAt: new Date(bed.clock.now()), lockedBy: null, lockedAt: null });
    expect(await bed.store.attempts(id)).toEqual([
      {
        attempt: 1,
        outcome: "completed",
        error: null,
        workerId: "worker-1",
        startedAt: claimed.claimedAt,
        finishedAt: new Date(bed.clock.now()),
      },
    ]);
  });

  rule("R2: a result that is no JSON is refused, and the job still runs", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    await expect(bed.queue.completeJob(claimed, 1n)).rejects.toMatchObject({
      code: "RESULT_INVALID",
      message: expect.stringContaining('The result of a "mail" cannot be stored'),
    });
    expect(await bed.states(id)).toEqual(["processing"]);
    await bed.queue.completeJob(claimed);
    expect(await bed.store.getJob(id)).toMatchObject({ status: "completed", result: null });
  });

  rule("R5: a snooze spends no attempt, is counted, and comes back when it said", async (bed) => {
    const added = await bed.add({ workflowId: "wf-snooze" });
    expect(added.snoozes).toBe(0);
    const { id } = added;
    expect(await bed.finish(await bed.claim(), { verb: "snooze", delayMs: 5_000 })).toEqual({
      accepted: true,
      status: "scheduled",
    });
    expect(await bed.store.getJob(id)).toMatchObject({
      attempts: 0,
      snoozes: 1,
      scheduledAt: new Date(bed.clock.now() + 5_000),
    });
    bed.clock.advance(4_999);
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
    bed.clock.advance(1);
    const claimed = await bed.claim();
    expect(claimed.attempt).toBe(1);
    await bed.finish(claimed, { verb: "snooze", delayMs: 100 });
    const [snoozed] = await bed.store.workflowJobs("wf-snooze");
    expect(snoozed).toMatchObject({ id, snoozes: 2 });
    bed.clock.advance(100);
    await bed.queue.failJob(await bed.claim(), new NonRetryableError("enough"));
    expect(await bed.store.getJob(id)).toMatchObject({ status: "failed", attempts: 1, snoozes: 2 });
  });

  rule("R3: a job that is handed back is unspent and first in its line again", async (bed) => {
    const first = await bed.add();
    bed.clock.advance(10);
    await bed.add();
    expect(await bed.finish(await bed.claim(), { verb: "handBack" })).toEqual({
      accepted: true,
      status: "pending",
    });
    const again = await bed.claim("worker-2");
    expect(again).toMatchObject({ id: first.id, attempt: 1 });
    expect(await bed.store.attempts(first.id)).toEqual([]);
  });

  rule("R2: a handler may end its job as cancelled", async (bed) => {
    const { id } = await bed.add();
    await bed.finish(await bed.claim(), { verb: "abandon" });
    expect(await bed.store.getJob(id)).toMatchObject({ status: "cancelled", completedAt: null, attempts: 0 });
  });

  rule("R14: what a handler enqueues is there with its completion", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    await bed.finish(claimed, COMPLETE, {
      followUps: [newJob(), newJob({ type: "report", delayMs: 60_000 })],
    });
    const { items } = await bed.store.listJobs({ limit: 10 });
    expect(items.map(({ type, status }) => [type, status])).toEqual([
      ["report", "scheduled"],
      ["mail", "pending"],
      ["mail", "completed"],
    ]);
  });

  for (const verdict of [
    { verb: "retry", delayMs: 10, error: "no luck", timedOut: false },
    { verb: "snooze", delayMs: 10 },
    { verb: "abandon" },
    { verb: "handBack" },
  ] as const) {
    rule(`R14: ${verdict.verb} adds nothing of what the handler asked for`, async (bed) => {
      await bed.add();
      const claimed = await bed.claim();
      await bed.finish(claimed, verdict, { followUps: [newJob()], effects: [note("never")] });
      expect((await bed.store.listJobs({ limit: 10 })).items).toHaveLength(1);
      expect(await bed.store.read.selectFrom("note").selectAll().execute()).toEqual([]);
    });
  }

  rule("R14: a follow-up that cannot be added keeps the completion from being recorded", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    const before = await bed.database.dump();
    const orphan = newJob({ dependsOn: [{ jobId: "00000000000-000000000099", whenDead: "cancel" }] });
    await expect(bed.finish(claimed, COMPLETE, { followUps: [newJob(), orphan] })).rejects.toMatchObject({
      code: "JOB_DEPENDENCY_INVALID",
    });
    expect(await bed.database.dump()).toEqual(before);
    await bed.queue.failJob(claimed, new Error("follow-up refused"));
    expect(await bed.states(id)).toEqual(["scheduled"]);
  });

  rule("R7: the application's effects commit with the completion", async (bed) => {
    const { id } = await bed.add();
    await bed.finish(await bed.claim(), COMPLETE, {
      effects: [note("a"), note("bb")],
      followUps: [newJob()],
    });
    expect(await bed.states(id)).toEqual(["completed"]);
    const notes = await bed.store.read.selectFrom("note").select("text").orderBy("id").execute();
    expect(notes).toEqual([{ text: "a" }, { text: "bb" }]);
  });

  rule("R7: an effect that throws takes the completion and everything beside it back", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    const before = await bed.database.dump();
    const failing = async (): Promise<void> => {
      throw new Error("no room");
    };
    const finished = bed.finish(claimed, COMPLETE, { effects: [note("a"), failing], followUps: [newJob()] });
    await expect(finished).rejects.toThrow("no room");
    expect(await bed.database.dump()).toEqual(before);
    // The lease still holds: the run can be recorded as failed.
    await bed.queue.failJob(claimed, new Error("no room"));
  });

  rule("R2: of many runs that end together one that cannot be recorded harms no other", async (bed) => {
    const added = await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const claimed = await bed.queue.dequeueBatch("worker-1", 3);
    const orphan = newJob({ dependsOn: [{ jobId: "nobody", whenDead: "cancel" }] });
    const finished = await Promise.allSettled(
      claimed.map((job, i) => bed.finish(job, COMPLETE, { followUps: i === 1 ? [orphan] : [newJob()] })),
    );
    expect(finished.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await bed.states(...added.map((job) => job.id))).toEqual(["completed", "processing", "completed"]);
    expect((await bed.store.stats()).queue.pending).toBe(2);
  });
}
