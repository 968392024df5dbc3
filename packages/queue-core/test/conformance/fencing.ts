import { expect } from "vitest";
import type { Verdict } from "../../src/store.ts";
import { newJob } from "./new-jobs.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim } from "./test-bed.ts";

const VERDICTS: readonly Verdict[] = [
  { verb: "complete", result: null },
  { verb: "retry", delayMs: 10, error: "late", timedOut: false },
  { verb: "bury", reason: "attempts_exhausted", error: "late", timedOut: true },
  { verb: "snooze", delayMs: 10 },
  { verb: "abandon" },
  { verb: "handBack" },
];

/** A job that lost its first worker and runs under a second: the claims of both. */
async function reclaimed(bed: TestBed): Promise<{ readonly stale: TestClaim; readonly current: TestClaim }> {
  await bed.add();
  const stale = await bed.claim("worker-1");
  await bed.finish(stale, { verb: "handBack" });
  return { stale, current: await bed.claim("worker-2") };
}

export function fencingRules(rule: Rule): void {
  for (const verdict of VERDICTS) {
    rule(`R10: ${verdict.verb} with an old lease is refused and changes nothing`, async (bed) => {
      const { stale, current } = await reclaimed(bed);
      let ran = false;
      const effect = async (): Promise<void> => {
        ran = true;
      };
      const before = await bed.database.dump();
      for (const effects of [[], [effect]]) {
        const outcome = await bed.finish(stale, verdict, { followUps: [newJob()], effects });
        expect(outcome).toEqual({ accepted: false, status: null });
      }
      expect(ran).toBe(false);
      expect(await bed.database.dump()).toEqual(before);
      expect(await bed.finish(current, verdict)).toMatchObject({ accepted: true });
    });

    rule(`R10: ${verdict.verb} twice under one lease is recorded once`, async (bed) => {
      await bed.add();
      const claimed = await bed.claim();
      expect(await bed.finish(claimed, verdict)).toMatchObject({ accepted: true });
      const before = await bed.database.dump();
      expect(await bed.finish(claimed, verdict, { followUps: [newJob()] })).toMatchObject({
        accepted: false,
      });
      expect(await bed.database.dump()).toEqual(before);
    });
  }

  rule("R10: a stale worker cannot complete or fail a reclaimed job", async (bed) => {
    const { stale } = await reclaimed(bed);
    const lost = { code: "LEASE_LOST", jobId: stale.id };
    await expect(bed.queue.completeJob(stale, "late")).rejects.toMatchObject(lost);
    await expect(bed.queue.failJob(stale, new Error("late"))).rejects.toMatchObject(lost);
  });

  rule("R10: a stale worker cannot store a checkpoint", async (bed) => {
    const { stale, current } = await reclaimed(bed);
    const before = await bed.database.dump();
    expect(await bed.store.recordStep(stale, "mail", '"late"')).toBe(false);
    expect(await bed.database.dump()).toEqual(before);
    expect(await bed.store.recordStep(current, "mail", '"sent"')).toBe(true);
  });

  rule("R10: a beat tells a stale worker that it holds nothing", async (bed) => {
    const { current } = await reclaimed(bed);
    expect(await bed.store.beat({ id: "worker-1", leaseMs: 30_000 })).toEqual([]);
    expect(await bed.store.beat({ id: "worker-2", leaseMs: 30_000 })).toEqual([
      { id: current.id, leaseToken: current.leaseToken, cancelRequested: false },
    ]);
  });

  rule("R10: a token that was never given out fits no job", async (bed) => {
    await bed.add();
    const claimed = await bed.claim();
    for (const job of [
      { ...claimed, leaseToken: claimed.leaseToken + 1 },
      { ...claimed, id: "00000000000-000000000099" },
      { ...claimed, id: "no-id" },
    ]) {
      expect(await bed.finish(job, { verb: "complete", result: null })).toMatchObject({ accepted: false });
    }
  });
}
