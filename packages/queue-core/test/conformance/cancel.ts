import { expect } from "vitest";
import type { Verdict } from "../../src/store.ts";
import type { Rule } from "./store-conformance.ts";

export function cancelRules(rule: Rule): void {
  rule("R2: a job that has not started is cancelled at once", async (bed) => {
    const parent = await bed.queue.enqueueDelayed("mail", { n: 1 }, 1_000);
    const jobs = [await bed.add({ dependsOn: [parent.id] }), await bed.add(), parent];
    for (const { id } of jobs) expect(await bed.store.cancel(id)).toBe("cancelled");
    for (const { id } of jobs)
      expect(await bed.store.getJob(id)).toMatchObject({ status: "cancelled", completedAt: null });
    bed.clock.advance(1_000);
    expect(await bed.queue.dequeue("worker-1")).toBeNull();
  });

  rule("R5: a job cancelled between two attempts keeps the one it had", async (bed) => {
    const { id } = await bed.add();
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    await bed.store.cancel(id);
    expect(await bed.store.getJob(id)).toMatchObject({
      status: "cancelled",
      attempts: 1,
      lastError: "Error: no luck",
    });
  });

  rule("R2: a running job is flagged, and its worker is told at the next beat", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    expect(await bed.store.cancel(id)).toBe("processing");
    expect(await bed.store.cancel(id)).toBe("processing");
    expect(await bed.store.beat({ id: "worker-1", leaseMs: 30_000 })).toEqual([
      { id, leaseToken: claimed.leaseToken, cancelRequested: true },
    ]);
  });

  rule(
    "R2: a completion that comes in after the cancellation wins, for the work has happened",
    async (bed) => {
      const { id } = await bed.add();
      const child = await bed.add({ dependsOn: [id] });
      const claimed = await bed.claim();
      await bed.store.cancel(id);
      await bed.queue.completeJob(claimed, "done");
      expect(await bed.store.getJob(id)).toMatchObject({ status: "completed", result: "done" });
      expect(await bed.states(child.id)).toEqual(["pending"]);
    },
  );

  const verdicts: readonly Verdict[] = [
    { verb: "retry", delayMs: 10, error: "no luck", timedOut: false },
    { verb: "bury", reason: "attempts_exhausted", error: "no luck", timedOut: false },
    { verb: "snooze", delayMs: 10 },
    { verb: "abandon" },
    { verb: "handBack" },
  ];
  for (const verdict of verdicts) {
    rule(`R2: ${verdict.verb} after the cancellation ends the job as cancelled`, async (bed) => {
      const { id } = await bed.queue.enqueue("mourned", { n: 1 });
      const claimed = await bed.claim();
      await bed.store.cancel(id);
      const { followUps } = bed.queue.withFollowUps(claimed, verdict);
      expect(await bed.finish(claimed, verdict, { followUps })).toEqual({
        accepted: true,
        status: "cancelled",
      });
      expect(await bed.states(id)).toEqual(["cancelled"]);
      // Nobody mourns a job that was called off.
      expect((await bed.store.listJobs({ limit: 10 })).items).toHaveLength(1);
    });
  }

  rule("R2: what has ended, or never was, cannot be cancelled", async (bed) => {
    const { jobId: dead } = await bed.addDead();
    const completed = await bed.add();
    await bed.queue.completeJob(await bed.claim());
    const cancelled = await bed.add();
    await bed.store.cancel(cancelled.id);
    const before = await bed.database.dump();
    for (const [id, status] of [
      [dead, "failed"],
      [completed.id, "completed"],
      [cancelled.id, "cancelled"],
    ] as const) {
      await expect(bed.store.cancel(id)).rejects.toMatchObject({ code: "JOB_STATE_CONFLICT", status });
    }
    await expect(bed.store.cancel("nobody")).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    expect(await bed.database.dump()).toEqual(before);
  });
}
