import { expect } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createQueue } from "../../src/queue.ts";
import { openDeploys } from "./deploys.ts";
import type { Rule } from "./store-conformance.ts";

export function versionRules(rule: Rule): void {
  rule("what an old deploy enqueued runs on the new one, upcast step by step", async (bed) => {
    const { first, third } = await openDeploys(bed);
    const { id } = await first.enqueue("letter", { to: "ada" });
    const claimed = await third.dequeue("worker-3");
    expect(claimed).toMatchObject({ id, payloadVersion: 1, payload: { address: "ada", copies: 1 } });
    if (claimed) await third.completeJob(claimed);
    expect(await bed.store.getJob(id)).toMatchObject({
      status: "completed",
      payload: { to: "ada" },
      payloadVersion: 1,
    });
  });

  rule(
    "a payload newer than a worker knows is left for a newer worker, and nothing is spent",
    async (bed) => {
      const { first, second, third } = await openDeploys(bed);
      const newer = await second.enqueue("letter", { address: "ada" });
      const old = await first.enqueue("letter", { to: "bob" });
      expect(await first.dequeueBatch("worker-1", 10)).toMatchObject([{ id: old.id }]);
      expect(await first.dequeue("worker-1")).toBeNull();
      expect(await bed.store.getJob(newer.id)).toMatchObject({ status: "pending", attempts: 0, snoozes: 0 });
      expect(await third.dequeue("worker-3")).toMatchObject({ id: newer.id, attempt: 1 });
    },
  );

  rule(
    "jobs of all versions that a worker knows are claimed as one line, urgent first, then by age",
    async (bed) => {
      const { first, second, third } = await openDeploys(bed);
      const ids: string[] = [];
      const add = async (adding: Promise<{ readonly id: string }>): Promise<void> => {
        ids.push((await adding).id);
        bed.clock.advance(1);
      };
      await add(second.enqueue("letter", { address: "b" }));
      await add(first.enqueue("letter", { to: "a" }));
      await add(third.enqueue("letter", { address: "c", copies: 2 }));
      await add(first.enqueue("letter", { to: "urgent" }, { priority: 90 }));
      const claimed = await third.dequeueBatch("worker-3", 10);
      expect(claimed.map(({ id }) => id)).toEqual([ids[3], ids[0], ids[1], ids[2]]);
    },
  );

  rule(
    "an upcast payload that its schema refuses goes to the dead letters, as does what cannot be upcast",
    async (bed) => {
      const { second, third } = await openDeploys(bed);
      const refused = await second.enqueue("letter", { address: "nobody" });
      const broken = createQueue({
        store: bed.store,
        clock: bed.clock,
        jobs: [
          defineJob("letter", {
            payload: z.object({}),
            version: 3,
            upcasters: {
              1: () => ({}),
              2: () => {
                throw new Error("cannot read this");
              },
            },
          }),
        ],
      });
      expect(await third.dequeue("worker-3")).toBeNull();
      const unreadable = await second.enqueue("letter", { address: "ada" });
      expect(await broken.dequeue("worker-4")).toBeNull();
      const { items } = await bed.store.listDeadLetters({ limit: 10 });
      expect(items).toMatchObject([
        {
          originalJobId: unreadable.id,
          reason: "invalid_payload",
          lastError: expect.stringContaining("its upcaster from version 2 threw: Error: cannot read this"),
        },
        {
          originalJobId: refused.id,
          reason: "invalid_payload",
          lastError: expect.stringContaining("copies"),
        },
      ]);
    },
  );

  rule("a retry, a snooze and a hand-back wait for a worker that knows the version", async (bed) => {
    const { first, third } = await openDeploys(bed);
    const { id } = await third.enqueue("letter", { address: "ada", copies: 1 }, { maxAttempts: 3 });
    const verdicts = [
      { verb: "retry", delayMs: 1_000, error: "no luck", timedOut: false },
      { verb: "snooze", delayMs: 1_000 },
      { verb: "handBack" },
    ] as const;
    for (const verdict of verdicts) {
      const claimed = await third.dequeue("worker-3");
      if (!claimed) throw new Error(`nothing was there before the ${verdict.verb}`);
      await bed.finish(claimed, verdict);
      bed.clock.advance(1_000);
      expect(await first.dequeue("worker-1"), verdict.verb).toBeNull();
    }
    expect(await third.dequeue("worker-3")).toMatchObject({ id, attempt: 2 });
  });

  rule("what is delayed, waits for a parent or comes in bulk keeps its version", async (bed) => {
    const { first, second } = await openDeploys(bed);
    const parent = await first.enqueue("letter", { to: "ada" });
    await second.enqueue("letter", { address: "child" }, { dependsOn: [parent.id] });
    await second.enqueueDelayed("letter", { address: "later" }, 1_000);
    await second.enqueueMany("letter", [
      { address: "1" },
      { address: "2" },
      { address: "3" },
      { address: "4" },
    ]);
    const claimed = await first.dequeue("worker-1");
    if (!claimed) throw new Error("the parent was not there");
    await first.completeJob(claimed);
    bed.clock.advance(1_000);
    expect(await first.dequeue("worker-1")).toBeNull();
    const all = await second.dequeueBatch("worker-2", 10);
    expect(all.map(({ payload }) => payload.address).sort()).toEqual(["1", "2", "3", "4", "child", "later"]);
  });

  rule("a workflow's steps of two versions run in their order, and one cancel ends them all", async (bed) => {
    const { first, second } = await openDeploys(bed);
    const { workflowId } = await second.startWorkflowOf({
      begin: { type: "letter", payload: { address: "a" } },
      end: { type: "letter", payload: { address: "b" }, after: "begin" },
    });
    await first.enqueue("letter", { to: "c" }, { workflowId });
    expect(await second.dequeueBatch("worker-2", 10)).toMatchObject([
      { payload: { address: "a" } },
      { payload: { address: "c" } },
    ]);
    await second.enqueue("letter", { address: "d" }, { workflowId });
    await second.cancelWorkflow(workflowId);
    expect(await second.dequeueBatch("worker-2", 10)).toEqual([]);
    expect(await second.workflow(workflowId)).toMatchObject({ byStatus: { cancelled: 2, processing: 2 } });
  });

  rule("pauses and limits hold for all versions of a type together", async (bed) => {
    const { first, second } = await openDeploys(bed);
    await first.enqueue("letter", { to: "a" });
    await second.enqueueMany("letter", [{ address: "b" }, { address: "c" }]);
    await second.pause("letter");
    expect(await second.dequeueBatch("worker-2", 10)).toEqual([]);
    await second.resume("letter");
    await second.setLimit("letter", { concurrency: 2 });
    expect(await second.dequeueBatch("worker-2", 10)).toHaveLength(2);
    expect(await second.dequeue("worker-2")).toBeNull();
  });

  rule("a limit per key holds for all versions of a type together", async (bed) => {
    const { first, second } = await openDeploys(bed);
    await second.setLimit("letter", { perKey: { concurrency: 1 } });
    const key = { limitKey: "ada" };
    await first.enqueue("letter", { to: "ada" }, key);
    await second.enqueue("letter", { address: "ada" }, key);
    await second.enqueue("letter", { address: "bob" }, { limitKey: "bob" });
    const claimed = await second.dequeueBatch("worker-2", 10);
    expect(claimed.map(({ payload }) => payload.address).toSorted()).toEqual(["ada", "bob"]);
    expect(await second.dequeue("worker-2")).toBeNull();
    expect(await first.dequeue("worker-1")).toBeNull();
    for (const job of claimed) await second.completeJob(job);
    expect(await second.dequeue("worker-2")).toMatchObject({ payload: { address: "ada" } });
  });

  rule("a rate does not have a worker look again for what it cannot read", async (bed) => {
    const { first, second } = await openDeploys(bed);
    await second.setLimit("letter", { rate: { limit: 1, periodMs: 1_000, burst: 1 } });
    await second.enqueueMany("letter", [{ address: "a" }, { address: "b" }]);
    expect(await bed.store.untilNextDue(first.linesOf(["letter"]))).toBeNull();
    expect(await second.dequeueBatch("worker-2", 10)).toHaveLength(1);
    expect(await bed.store.untilNextDue(first.linesOf(["letter"]))).toBeNull();
    expect(await bed.store.untilNextDue(second.linesOf(["letter"]))).toBe(1_000);
  });

  rule("who cannot read a job does not give it up as expired either", async (bed) => {
    const { first, second } = await openDeploys(bed);
    await second.enqueue("letter", { address: "ada" }, { expireAfterMs: 1_000 });
    bed.clock.advance(1_000);
    expect(await first.expireJobs()).toBe(0);
    expect(await second.expireJobs()).toBe(1);
  });

  rule("a claim that nobody renews goes back to where only those look who can read it", async (bed) => {
    const { first, second } = await openDeploys(bed);
    await second.enqueue("letter", { address: "ada" });
    await second.dequeue("worker-2", { leaseMs: 3_000 });
    let rescued = 0;
    for (let look = 0; look < 5; look++) {
      rescued += await bed.store.rescue();
      bed.clock.advance(1_000);
    }
    expect(rescued).toBe(1);
    expect(await first.dequeue("worker-1")).toBeNull();
    expect(await second.dequeue("worker-2")).toMatchObject({ payload: { address: "ada" }, suspect: true });
  });
}
