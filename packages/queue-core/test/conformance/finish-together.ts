import { expect } from "vitest";
import { JobDependencyError } from "../../src/errors.ts";
import type { Finish } from "../../src/store.ts";
import { newJob } from "./new-jobs.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim } from "./test-bed.ts";

const complete = (job: TestClaim, result: string | null = null): Finish => ({
  job,
  verdict: { verb: "complete", result },
  followUps: [],
  effects: [],
});

/** So many jobs of one claim. */
async function claimTogether(bed: TestBed, count: number): Promise<readonly TestClaim[]> {
  for (let i = 0; i < count; i++) await bed.add();
  const claimed = await bed.queue.dequeueBatch("worker-1", count);
  expect(claimed).toHaveLength(count);
  return claimed;
}

export function finishTogetherRules(rule: Rule): void {
  rule(
    "R2: runs that complete together are recorded each with its own result and counted once",
    async (bed) => {
      const claimed = await claimTogether(bed, 10);
      const outcomes = await bed.store.finish(
        claimed.map((job, i) => complete(job, i % 2 === 0 ? null : JSON.stringify({ i }))),
      );
      expect(outcomes).toEqual(claimed.map(() => ({ accepted: true, status: "completed" })));
      for (const [i, { id }] of claimed.entries()) {
        const job = await bed.store.getJob(id);
        expect(job).toMatchObject({ status: "completed", attempts: 1, result: i % 2 === 0 ? null : { i } });
      }
      const { queue, byType } = await bed.store.stats();
      expect(queue).toMatchObject({ processing: 0, completedLastHour: 10, failureRate: 0 });
      expect(byType).toEqual([{ type: "mail", status: "completed", count: 10 }]);
    },
  );

  rule(
    "R10: one run among ten that has lost its lease is refused, and the nine are recorded",
    async (bed) => {
      const claimed = await claimTogether(bed, 10);
      const stale = claimed[3] as TestClaim;
      await bed.finish(stale, { verb: "handBack" });
      const again = await bed.claim("worker-2");
      expect(again.id).toBe(stale.id);
      const outcomes = await bed.store.finish(claimed.map((job) => complete(job)));
      expect(outcomes.map(({ accepted }) => accepted)).toEqual(claimed.map((job) => job !== stale));
      expect(await bed.store.getJob(stale.id)).toMatchObject({ status: "processing", lockedBy: "worker-2" });
      expect((await bed.store.stats()).queue).toMatchObject({ processing: 1, completedLastHour: 9 });
    },
  );

  rule("R10: a run that is told twice in one list is recorded once", async (bed) => {
    const claimed = await claimTogether(bed, 5);
    const twice = [...claimed, claimed[0] as TestClaim].map((job) => complete(job));
    const outcomes = await bed.store.finish(twice);
    expect(outcomes.filter(({ accepted }) => accepted)).toHaveLength(5);
    expect((await bed.store.stats()).queue.completedLastHour).toBe(5);
  });

  rule("R15: two parents that complete together let their child go, once", async (bed) => {
    const parents = await Promise.all(Array.from({ length: 6 }, () => bed.add()));
    const [first, second, third] = parents.map(({ id }) => id) as [string, string, string];
    const ofTwo = await bed.add({ dependsOn: [first, second] });
    const ofOpen = await bed.add({ dependsOn: [third, (await bed.add({ delayMs: 60_000 })).id] });
    const claimed = await bed.queue.dequeueBatch("worker-1", 6);
    await bed.store.finish(claimed.map((job) => complete(job)));
    expect(await bed.states(ofTwo.id, ofOpen.id)).toEqual(["pending", "waiting"]);
    expect((await bed.claim()).id).toBe(ofTwo.id);
  });

  rule("R2: a run that was told to end before the store closed is recorded", async (bed) => {
    const { id } = await bed.add();
    const { store, queue } = await bed.openProcess();
    const claimed = (await queue.dequeue("worker-1")) as TestClaim;
    const ending = store.finish([complete(claimed)]);
    await store.close();
    expect(await ending).toEqual([{ accepted: true, status: "completed" }]);
    expect(await bed.states(id)).toEqual(["completed"]);
  });

  rule("R11: a claimed job of priority 0 has just that", async (bed) => {
    await bed.add({ priority: 0 });
    expect(Object.is((await bed.claim()).priority, 0)).toBe(true);
  });

  rule("R2: one run's error fails that run alone, whatever ends beside it", async (bed) => {
    const claimed = await claimTogether(bed, 6);
    const bad = claimed[2] as TestClaim;
    const orphan = newJob({ dependsOn: [{ jobId: "0-0", whenDead: "cancel" }] });
    const ends = await Promise.allSettled(
      claimed.map((job) => bed.store.finish([{ ...complete(job), followUps: job === bad ? [orphan] : [] }])),
    );
    expect(ends.map(({ status }) => status)).toEqual(
      claimed.map((job) => (job === bad ? "rejected" : "fulfilled")),
    );
    const states = await bed.states(...claimed.map(({ id }) => id));
    expect(states).toEqual(claimed.map((job) => (job === bad ? "processing" : "completed")));
  });

  rule("R2: of several ended in one call, the one that cannot be written has its error", async (bed) => {
    const claimed = await claimTogether(bed, 6);
    const bad = claimed[2] as TestClaim;
    const orphan = newJob({ dependsOn: [{ jobId: "0-0", whenDead: "cancel" }] });
    const outcomes = await bed.store.finish(
      claimed.map((job) => ({ ...complete(job), followUps: job === bad ? [orphan] : [] })),
    );
    expect(outcomes).toEqual(
      claimed.map((job) =>
        job === bad
          ? { accepted: false, status: null, error: expect.any(JobDependencyError) }
          : { accepted: true, status: "completed" },
      ),
    );
    expect(await bed.states(bad.id)).toEqual(["processing"]);
  });

  rule("R2: and so has one whose effect throws, beside others that have none", async (bed) => {
    const claimed = await claimTogether(bed, 2);
    const [bad, good] = claimed as [TestClaim, TestClaim];
    const cause = new Error("no such row");
    const effect = (): Promise<void> => Promise.reject(cause);
    const outcomes = await bed.store.finish([{ ...complete(bad), effects: [effect] }, complete(good)]);
    expect(outcomes).toEqual([
      { accepted: false, status: null, error: cause },
      { accepted: true, status: "completed" },
    ]);
    expect(await bed.states(bad.id, good.id)).toEqual(["processing", "completed"]);
  });

  rule(
    "R2: nor does it fail the claim that carried them along, nor that claim's failure them",
    async (bed) => {
      const claimed = await claimTogether(bed, 6);
      const bad = claimed[2] as TestClaim;
      const next = await bed.add();
      const orphan = newJob({ dependsOn: [{ jobId: "0-0", whenDead: "cancel" }] });
      const ending = Promise.allSettled(
        claimed.map((job) =>
          bed.store.finish([{ ...complete(job), followUps: job === bad ? [orphan] : [] }]),
        ),
      );
      const taken = await bed.queue.dequeueBatch("worker-1", 5);
      expect(taken.map(({ id }) => id)).toEqual([next.id]);
      expect((await ending).filter(({ status }) => status === "rejected")).toHaveLength(1);
      const states = await bed.states(...claimed.map(({ id }) => id));
      expect(states).toEqual(claimed.map((job) => (job === bad ? "processing" : "completed")));
    },
  );
}
