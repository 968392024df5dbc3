import { expect } from "vitest";
import { NonRetryableError } from "../../src/errors.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

type Retried = "mail" | "exponential" | "fixed" | "custom";

/** Lets a job fail until it is given up; returns how long it waited before each further run, in milliseconds. */
async function waitsOf(bed: TestBed, type: Retried): Promise<number[]> {
  const { id } = await bed.queue.enqueue(type, { n: 1 });
  const waits: number[] = [];
  for (;;) {
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    const job = await bed.store.getJob(id);
    if (job?.status !== "scheduled") return waits;
    const waitMs = job.scheduledAt.getTime() - bed.clock.now();
    waits.push(waitMs);
    bed.clock.advance(waitMs - 1);
    expect(await bed.queue.dequeue("worker-1"), "it runs too early").toBeNull();
    bed.clock.advance(1);
  }
}

export function retryRules(rule: Rule): void {
  // The tests' random number is 0.5: full jitter waits half of its bound.
  for (const [type, waits] of [
    ["mail", [30_000, 60_000, 90_000, 120_000]],
    ["exponential", [500, 1_000, 2_000, 2_000]],
    ["fixed", [7_000, 7_000, 7_000, 7_000]],
    ["custom", [100, 400, 900, 1_600]],
  ] as const) {
    rule(
      `R5: a failed job runs again after its type's backoff: ${waits.join(", ")} ms (${type})`,
      async (bed) => {
        expect(await waitsOf(bed, type)).toEqual(waits);
      },
    );
  }

  rule("R5: a failed run is one attempt, and its error is kept", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    bed.clock.advance(40);
    await bed.queue.failJob(claimed, new TypeError("no luck"));
    expect(await bed.store.getJob(id)).toMatchObject({
      status: "scheduled",
      attempts: 1,
      lastError: "TypeError: no luck",
      lockedBy: null,
      updatedAt: new Date(bed.clock.now()),
    });
    bed.clock.advance(30_000);
    const again = await bed.claim("worker-2");
    expect(again.attempt).toBe(2);
    await bed.queue.completeJob(again);
    expect(await bed.store.getJob(id)).toMatchObject({ attempts: 2, lastError: "TypeError: no luck" });
    expect(await bed.store.attempts(id)).toMatchObject([
      { attempt: 1, outcome: "failed", error: "TypeError: no luck", startedAt: claimed.claimedAt },
      { attempt: 2, outcome: "completed", error: null, workerId: "worker-2" },
    ]);
  });

  rule("R5: a timeout is a failed attempt of its own kind", async (bed) => {
    const { id } = await bed.add();
    const claimed = await bed.claim();
    const verdict = bed.queue.verdictOnFailure(claimed, new Error("too slow"), { timedOut: true });
    await bed.finish(claimed, verdict);
    expect(await bed.store.attempts(id)).toMatchObject([{ attempt: 1, outcome: "timed_out" }]);
    expect((await bed.store.stats()).queue.failureRate).toBe(1);
  });

  rule("R5: after its last attempt a job is given up", async (bed) => {
    const { id } = await bed.add({ maxAttempts: 2 });
    await bed.queue.failJob(await bed.claim(), new Error("first"));
    bed.clock.advance(30_000);
    await bed.queue.failJob(await bed.claim(), new Error("second"));
    expect(await bed.store.getJob(id)).toMatchObject({
      status: "failed",
      attempts: 2,
      lastError: "Error: second",
    });
    expect(await bed.store.getDeadLetter(await bed.deadIdOf(id))).toMatchObject({
      reason: "attempts_exhausted",
    });
  });

  rule("R5: an error that no retry can help gives the job up at once", async (bed) => {
    const { id } = await bed.add();
    await bed.queue.failJob(await bed.claim(), new NonRetryableError("no such customer"));
    expect(await bed.states(id)).toEqual(["failed"]);
    expect(await bed.store.getDeadLetter(await bed.deadIdOf(id))).toMatchObject({
      reason: "not_retryable",
      attempts: 1,
      lastError: "NonRetryableError: no such customer",
    });
  });

  rule("R5: the newest failures come first, over all jobs", async (bed) => {
    const first = await bed.add();
    const second = await bed.queue.enqueue("report", { n: 1 });
    for (const error of ["one", "two"]) {
      await bed.queue.failJob(await bed.claim(), error);
      bed.clock.advance(1);
    }
    expect(await bed.store.recentFailures(10)).toMatchObject([
      { jobId: second.id, type: "report", error: "Thrown string: two", outcome: "failed" },
      { jobId: first.id, type: "mail", error: "Thrown string: one", outcome: "failed" },
    ]);
    expect(await bed.store.recentFailures(1)).toHaveLength(1);
  });
}
