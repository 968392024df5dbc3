import { sql } from "kysely";
import { expect } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createQueue } from "../../src/queue.ts";
import { FakeClock } from "../../src/testing/index.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

const DAY_MS = 24 * 60 * 60_000;
const WEEK = { keepMs: 7 * DAY_MS };

/** A job that stays pending and is the newest of all, which is never pruned. */
async function addNewest(bed: TestBed): Promise<string> {
  return (await bed.queue.enqueue("custom", { n: 1 }, { priority: -100 })).id;
}

async function addCompleted(bed: TestBed, settings: Parameters<TestBed["add"]>[0] = {}): Promise<string> {
  const { id } = await bed.add(settings);
  await bed.queue.completeJob(await bed.claim("worker-1", { types: ["mail"] }));
  return id;
}

export function retentionRules(rule: Rule): void {
  rule(
    "R20: completed and cancelled jobs go when they are older than their retention, not before",
    async (bed) => {
      const completed = await addCompleted(bed);
      const cancelled = (await bed.add()).id;
      await bed.store.cancel(cancelled);
      const newest = await addNewest(bed);
      bed.clock.advance(7 * DAY_MS - 1);
      expect(await bed.store.prune(WEEK)).toBe(0);
      bed.clock.advance(1);
      expect(await bed.store.prune(WEEK)).toBe(2);
      expect(await bed.states(completed, cancelled, newest)).toEqual(["gone", "gone", "pending"]);
      expect((await bed.store.stats()).byType).toEqual([{ type: "custom", status: "pending", count: 1 }]);
    },
  );

  rule("R20: a retention that is no time is refused, and deletes nothing", async (bed) => {
    await addCompleted(bed);
    await addNewest(bed);
    bed.clock.advance(8 * DAY_MS);
    for (const policy of [
      { keepMs: Number.NaN },
      { keepMs: -1 },
      { ...WEEK, deadMs: Number.NaN },
      { ...WEEK, byType: { mail: { logMs: Number.NaN } } },
    ])
      await expect(bed.store.prune(policy)).rejects.toMatchObject({ code: "OPTION_INVALID" });
    expect(await bed.store.prune(WEEK)).toBe(1);
  });

  rule("R20: a type may have a retention of its own, longer or shorter", async (bed) => {
    const jobs = [await addCompleted(bed)];
    for (const type of ["report", "fixed"] as const) {
      jobs.push((await bed.queue.enqueue(type, { n: 1 })).id);
      await bed.queue.completeJob(await bed.claim());
    }
    await addNewest(bed);
    bed.clock.advance(7 * DAY_MS);
    const policy = {
      ...WEEK,
      byType: { report: { completedMs: 30 * DAY_MS }, fixed: { completedMs: DAY_MS } },
    };
    expect(await bed.store.prune(policy)).toBe(2);
    expect(await bed.states(...jobs)).toEqual(["gone", "completed", "gone"]);
    const late = (await bed.queue.enqueue("fixed", { n: 1 })).id;
    await bed.queue.completeJob(await bed.claim("worker-1", { types: ["fixed"] }));
    await addNewest(bed);
    bed.clock.advance(DAY_MS);
    expect(await bed.store.prune(policy)).toBe(1);
    expect(await bed.states(late)).toEqual(["gone"]);
  });

  rule(
    "R20: the jobs of a large workflow are kept until its last one has ended, and then go as they grow old",
    async (bed) => {
      const workflowId = "wf-1";
      await bed.queue.enqueueMany(
        "mail",
        Array.from({ length: 250 }, (_, n) => ({ n })),
        { workflowId },
      );
      for (const job of await bed.queue.dequeueBatch("worker-1", 250)) await bed.queue.completeJob(job);
      const late = await bed.add({ workflowId, delayMs: 30 * DAY_MS });
      bed.clock.advance(8 * DAY_MS);
      expect(await bed.store.prune(WEEK)).toBe(0);
      await bed.store.cancel(late.id);
      await addNewest(bed);
      expect(await bed.store.prune(WEEK)).toBe(250);
      bed.clock.advance(7 * DAY_MS);
      expect(await bed.store.prune(WEEK)).toBe(1);
    },
  );

  rule("R20: taken slots go when they are two weeks old, of each schedule and however many", async (bed) => {
    for (const id of ["one", "two"])
      await bed.queue.registerCron("mail", { everyMs: 60_000 }, { id, payload: { n: 1 } });
    const startMs = bed.clock.now();
    const slots = async (): Promise<readonly number[]> => {
      const found = await sql<{ at: number }>`SELECT slot_at AS at FROM cron_slot ORDER BY at`.execute(
        bed.store.read,
      );
      return found.rows.map(({ at }) => at - startMs);
    };
    for (const minutes of [1, 1, 1]) {
      bed.clock.advance(minutes * 60_000);
      await bed.queue.runDueCronJobs();
    }
    bed.clock.advance(14 * DAY_MS - 60_000);
    await bed.store.prune(WEEK);
    expect(await slots()).toEqual([120_000, 120_000, 180_000, 180_000]);
  });

  rule("R20: jobs that ended by a clock a year ahead keep none that ended after them", async (bed) => {
    const ahead = await bed.openProcess(new FakeClock(bed.clock.now() + 365 * DAY_MS));
    const payloads = Array.from({ length: 500 }, (_, n) => ({ n }));
    await bed.queue.enqueueMany("mail", payloads);
    for (const job of await ahead.queue.dequeueBatch("worker-1", 500)) await ahead.queue.completeJob(job);
    const right = await addCompleted(bed);
    await addNewest(bed);
    bed.clock.advance(8 * DAY_MS);
    expect(await bed.store.prune(WEEK)).toBe(1);
    expect(await bed.states(right)).toEqual(["gone"]);
  });

  rule("R20: a job goes with its checkpoints, its attempts and its unique key", async (bed) => {
    const { id } = await bed.add({ uniqueKey: "order-1" });
    const first = await bed.claim();
    await bed.store.recordStep(first, "charge", "1");
    await bed.queue.failJob(first, new Error("no luck"));
    bed.clock.advance(30_000);
    await bed.queue.completeJob(await bed.claim());
    await addNewest(bed);
    bed.clock.advance(8 * DAY_MS);
    expect(await bed.store.prune(WEEK)).toBe(1);
    expect(await bed.store.attempts(id)).toEqual([]);
    expect((await sql`SELECT * FROM processed_jobs`.execute(bed.store.read)).rows).toEqual([]);
    expect(await bed.add({ uniqueKey: "order-1" })).toMatchObject({ deduplicated: false });
  });

  rule("R20: what runs, waits or is dead never goes by age", async (bed) => {
    const running = (await bed.add()).id;
    await bed.claim();
    const { jobId: dead } = await bed.addDead();
    const waiting = (await bed.add({ dependsOn: [running] })).id;
    const scheduled = (await bed.queue.enqueueDelayed("mail", { n: 1 }, 300 * DAY_MS)).id;
    const pending = (await bed.add()).id;
    await addNewest(bed);
    bed.clock.advance(200 * DAY_MS);
    expect(await bed.store.prune(WEEK)).toBe(0);
    expect(await bed.states(running, dead, waiting, scheduled, pending)).toEqual([
      "processing",
      "failed",
      "waiting",
      "scheduled",
      "pending",
    ]);
  });

  rule(
    "R20: a job that an unfinished child names is kept until the child has ended and is old",
    async (bed) => {
      const parent = await addCompleted(bed);
      const child = (await bed.queue.enqueueDelayed("report", { n: 1 }, 8 * DAY_MS, { dependsOn: [parent] }))
        .id;
      await addNewest(bed);
      bed.clock.advance(8 * DAY_MS);
      expect(await bed.store.prune(WEEK)).toBe(0);
      expect(await bed.states(parent)).toEqual(["completed"]);
      await bed.queue.completeJob(await bed.claim("worker-1", { types: ["report"] }));
      expect(await bed.store.prune(WEEK)).toBe(1);
      expect(await bed.states(parent, child)).toEqual(["gone", "completed"]);
    },
  );

  rule(
    "R20: the jobs of a workflow are kept while one of them has not ended, dead letters included",
    async (bed) => {
      const workflowId = "wf-1";
      const first = await addCompleted(bed, { workflowId });
      const { deadId } = await bed.addDead({ workflowId });
      const unrelated = await addCompleted(bed, { workflowId: "wf-2" });
      await addNewest(bed);
      bed.clock.advance(8 * DAY_MS);
      expect(await bed.store.prune(WEEK)).toBe(1);
      expect(await bed.states(first, unrelated)).toEqual(["completed", "gone"]);
      await bed.store.discard(deadId, { actor: "ann", action: "discard", subject: deadId, detail: null });
      expect(await bed.store.prune(WEEK)).toBe(0);
      bed.clock.advance(8 * DAY_MS);
      expect(await bed.store.prune(WEEK)).toBe(2);
      expect(await bed.states(first)).toEqual(["gone"]);
    },
  );

  rule("R20: what a dead letter's retry would bring back is kept as long as the dead letter", async (bed) => {
    const parent = await bed.queue.enqueue("fragile", { n: 1 });
    const child = await bed.add({ dependsOn: [parent.id] });
    const grandchild = await bed.add({ dependsOn: [child.id] });
    await bed.queue.failJob(await bed.claim(), new Error("no luck"));
    await addNewest(bed);
    bed.clock.advance(30 * DAY_MS);
    expect(await bed.store.prune(WEEK)).toBe(0);
    await bed.store.revive(await bed.deadIdOf(parent.id));
    expect(await bed.states(child.id, grandchild.id)).toEqual(["waiting", "waiting"]);
  });

  rule("R20: what nothing can bring back goes, down the tree", async (bed) => {
    const parent = await bed.add();
    const child = await bed.add({ dependsOn: [parent.id] });
    await bed.add({ dependsOn: [child.id] });
    await bed.store.cancel(parent.id);
    const { deadId, jobId } = await bed.addDead();
    await bed.add({ dependsOn: [jobId] });
    await bed.store.discard(deadId, { actor: "ann", action: "discard", subject: deadId, detail: null });
    await addNewest(bed);
    bed.clock.advance(8 * DAY_MS);
    expect(await bed.store.prune(WEEK)).toBe(5);
  });

  rule("R20: an id is not given again after the newest job was pruned", async (bed) => {
    const newest = await addCompleted(bed);
    bed.clock.advance(8 * DAY_MS);
    await bed.store.prune(WEEK);
    bed.clock.setWall(bed.clock.now() - 8 * DAY_MS);
    expect((await bed.add()).id).not.toBe(newest);
  });

  rule("R20: more jobs than one transaction deletes go in many", async (bed) => {
    await bed.queue.enqueueMany(
      "mail",
      Array.from({ length: 350 }, (_, n) => ({ n })),
    );
    const claimed = await bed.queue.dequeueBatch("worker-1", 350);
    await Promise.all(claimed.map((job) => bed.queue.completeJob(job)));
    await addNewest(bed);
    bed.clock.advance(8 * DAY_MS);
    expect(await bed.store.prune(WEEK)).toBe(350);
    expect(await bed.store.prune(WEEK)).toBe(0);
  });

  rule("R20: a taken slot is remembered longer than any clock is set back", async (bed) => {
    await bed.queue.registerCron("mail", "0 0 * * *", { payload: { n: 1 } });
    bed.clock.advance(DAY_MS);
    await bed.queue.runDueCronJobs();
    await bed.queue.completeJob(await bed.claim());
    await addNewest(bed);
    bed.clock.advance(9 * DAY_MS);
    expect(await bed.store.prune(WEEK)).toBe(1);
    bed.clock.setWall(bed.clock.now() - 9.5 * DAY_MS);
    await bed.queue.runDueCronJobs();
    bed.clock.advance(DAY_MS / 2);
    expect(await bed.queue.runDueCronJobs()).toBe(0);
  });

  rule("R20: completed and cancelled jobs of a type may be kept for different times", async (bed) => {
    const completed = await addCompleted(bed);
    const cancelled = (await bed.add()).id;
    await bed.store.cancel(cancelled);
    await addNewest(bed);
    const policy = { ...WEEK, byType: { mail: { cancelledMs: DAY_MS } } };
    bed.clock.advance(DAY_MS);
    expect(await bed.store.prune(policy)).toBe(1);
    expect(await bed.states(completed, cancelled)).toEqual(["completed", "gone"]);
    bed.clock.advance(6 * DAY_MS);
    expect(await bed.store.prune(policy)).toBe(1);
  });

  rule("R20: what is kept for long does not hide what is kept for a short time behind it", async (bed) => {
    const many = Array.from({ length: 700 }, (_, n) => ({ n }));
    await bed.queue.enqueueMany("mail", many);
    for (const job of await bed.queue.dequeueBatch("worker-1", 700)) await bed.queue.completeJob(job);
    await bed.queue.enqueue("report", { n: 1 });
    await bed.queue.completeJob(await bed.claim());
    await addNewest(bed);
    bed.clock.advance(2 * DAY_MS);
    const policy = { ...WEEK, byType: { report: { completedMs: DAY_MS } } };
    expect(await bed.store.prune(policy)).toBe(1);
    expect((await bed.store.stats()).byType).toContainEqual({
      type: "mail",
      status: "completed",
      count: 700,
    });
  });

  rule(
    "R20: a type says itself how long its jobs are kept; the queue's policy has the last word",
    async (bed) => {
      const payload = z.object({});
      const jobs = [
        defineJob("often", { payload, retention: { completedMs: DAY_MS } }),
        defineJob("seldom", { payload }),
      ] as const;
      const queue = createQueue({ store: bed.store, jobs, clock: bed.clock });
      const run = async (type: "often" | "seldom"): Promise<string> => {
        const { id } = await queue.enqueue(type, {});
        for (const job of await queue.dequeueBatch("worker-1", 10)) await queue.completeJob(job);
        return id;
      };
      const ids = [await run("often"), await run("seldom")];
      await addNewest(bed);
      bed.clock.advance(DAY_MS);
      expect(await queue.prune({ ...WEEK, byType: { often: { completedMs: 3 * DAY_MS } } })).toBe(0);
      expect(await queue.prune(WEEK)).toBe(1);
      expect(await bed.states(...ids)).toEqual(["gone", "completed"]);
      await expect(queue.prune({ keepMs: -1 })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    },
  );

  rule(
    "R20: dead letters go by age where they have a retention, with all that hangs on them",
    async (bed) => {
      const { jobId: old } = await bed.addDead({ uniqueKey: "order-1" });
      const child = await bed.add({ dependsOn: [old] });
      bed.clock.advance(DAY_MS);
      const { jobId: young } = await bed.addDead();
      await addNewest(bed);
      bed.clock.advance(29 * DAY_MS);
      const policy = { keepMs: 300 * DAY_MS, deadMs: 30 * DAY_MS };
      expect(await bed.store.prune({ ...policy, byType: { fragile: { deadMs: 31 * DAY_MS } } })).toBe(0);
      expect(await bed.store.prune(policy)).toBe(1);
      expect(await bed.states(old, young, child.id)).toEqual(["gone", "failed", "cancelled"]);
      expect(await bed.store.attempts(old)).toEqual([]);
      expect((await bed.store.stats()).byType).toContainEqual({
        type: "fragile",
        status: "failed",
        count: 1,
      });
      expect(await bed.queue.enqueue("fragile", { n: 1 }, { uniqueKey: "order-1" })).toMatchObject({
        deduplicated: false,
      });
      bed.clock.advance(DAY_MS);
      expect(await bed.store.prune({ ...policy, byType: { fragile: { deadMs: DAY_MS } } })).toBe(1);
    },
  );

  rule(
    "R20: a dead letter is kept while its workflow goes on, or a child that runs after its death",
    async (bed) => {
      const policy = { keepMs: 300 * DAY_MS, deadMs: DAY_MS };
      const { jobId: member } = await bed.addDead({ workflowId: "wf-1" });
      const open = await bed.queue.enqueueDelayed("mail", { n: 1 }, 5 * DAY_MS, { workflowId: "wf-1" });
      const { jobId: parent } = await bed.addDead();
      const child = await bed.queue.enqueueDelayed("report", { n: 1 }, 5 * DAY_MS, {
        dependsOn: [{ jobId: parent, whenDead: "continue" }],
      });
      await addNewest(bed);
      bed.clock.advance(2 * DAY_MS);
      expect(await bed.store.prune(policy)).toBe(0);
      await bed.store.cancel(open.id);
      await bed.store.cancel(child.id);
      expect(await bed.store.prune(policy)).toBe(2);
      expect(await bed.states(member, parent)).toEqual(["gone", "gone"]);
    },
  );

  rule("R20: more dead letters than one transaction deletes go in many", async (bed) => {
    await bed.queue.enqueueMany(
      "fragile",
      Array.from({ length: 250 }, (_, n) => ({ n })),
    );
    for (const job of await bed.queue.dequeueBatch("worker-1", 250))
      await bed.queue.failJob(job, new Error("no luck"));
    await addNewest(bed);
    bed.clock.advance(DAY_MS);
    expect(await bed.store.prune({ ...WEEK, deadMs: DAY_MS })).toBe(250);
    expect((await bed.store.listDeadLetters({ limit: 10 })).items).toEqual([]);
  });

  rule("R20: logs of runs may go before their jobs do, and later or sooner per type", async (bed) => {
    const report = { progress: "50", log: '"a line"', logBytesCut: 3 };
    const run = async (type: "mail" | "report"): Promise<string> => {
      const { id } = await bed.queue.enqueue(type, { n: 1 });
      await bed.finish(await bed.claim(), { verb: "complete", result: null }, { report });
      return id;
    };
    const [mail, other] = [await run("mail"), await run("report")];
    await addNewest(bed);
    const logs = async (): Promise<unknown[]> =>
      (await Promise.all([mail, other].map((id) => bed.queue.reports(id)))).map((told) => told[0]?.log);
    bed.clock.advance(DAY_MS);
    expect(await bed.store.prune({ ...WEEK, byType: { mail: { logMs: DAY_MS } } })).toBe(0);
    expect(await logs()).toEqual([null, "a line"]);
    expect(await bed.store.prune({ ...WEEK, logMs: DAY_MS, byType: { report: { logMs: 2 * DAY_MS } } })).toBe(
      0,
    );
    expect(await logs()).toEqual([null, "a line"]);
    expect(await bed.store.prune({ ...WEEK, logMs: DAY_MS })).toBe(0);
    expect(await logs()).toEqual([null, null]);
    expect(await bed.queue.reports(mail)).toMatchObject([{ progress: 50, logBytesCut: 0 }]);
  });
}
