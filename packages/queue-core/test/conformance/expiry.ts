import { expect } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createQueue } from "../../src/queue.ts";
import { JOB_TYPES } from "./job-types.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";

/** As the type `fleeting` has it. */
const EXPIRES_MS = 10_000;

/** Adds a job that may be claimable for 10 s; returns its id. */
async function addFleeting(
  bed: TestBed,
  n = 1,
  settings: Parameters<TestBed["add"]>[0] = {},
): Promise<string> {
  return (await bed.queue.enqueue("fleeting", { n }, settings)).id;
}

/** Whether a job is given up one millisecond before its time in the line is over, and whether when it is. */
async function diesAfter(bed: TestBed, id: string, ms: number): Promise<void> {
  bed.clock.advance(ms - 1);
  expect(await bed.queue.expireJobs()).toBe(0);
  expect(await bed.states(id)).toEqual(["pending"]);
  bed.clock.advance(1);
  expect(await bed.queue.expireJobs()).toBe(1);
  expect(await bed.states(id)).toEqual(["failed"]);
}

export function expiryRules(rule: Rule): void {
  rule("R17: a job that nobody claims in time is dead, with the reason and no attempt spent", async (bed) => {
    const id = await addFleeting(bed);
    await diesAfter(bed, id, EXPIRES_MS);
    expect(await bed.store.getDeadLetter(await bed.deadIdOf(id))).toMatchObject({
      reason: "expired",
      attempts: 0,
      lastError: "Nobody claimed it within 10000 ms",
    });
    expect(await bed.store.attempts(id)).toEqual([]);
    expect((await bed.store.stats()).queue.failureRate).toBeNull();
  });

  rule("R17: a claim hands out no job that has expired, but gives it up and takes the next", async (bed) => {
    const id = await addFleeting(bed);
    bed.clock.advance(EXPIRES_MS);
    const next = await addFleeting(bed);
    expect((await bed.claim()).id).toBe(next);
    expect(await bed.states(id)).toEqual(["failed"]);
    expect(await bed.queue.dequeue("worker-1", { types: ["fleeting"] })).toBeNull();
  });

  rule("R17: a job is claimed to the last moment, and may then run for as long as it takes", async (bed) => {
    const id = await addFleeting(bed);
    bed.clock.advance(EXPIRES_MS - 1);
    const claimed = await bed.claim();
    bed.clock.advance(10 * EXPIRES_MS);
    expect(await bed.queue.expireJobs()).toBe(0);
    await bed.queue.completeJob(claimed);
    expect(await bed.states(id)).toEqual(["completed"]);
  });

  rule("R17: however many have expired, one claim finds the job behind them", async (bed) => {
    await bed.queue.enqueueMany(
      "fleeting",
      Array.from({ length: 250 }, (_, n) => ({ n })),
    );
    bed.clock.advance(EXPIRES_MS);
    const behind = await addFleeting(bed, 1, { priority: -50 });
    expect((await bed.claim("worker-1", { types: ["fleeting"] })).id).toBe(behind);
    expect((await bed.store.stats()).queue.failed).toBe(250);
  });

  rule("R17: its hook is run, its children are cancelled", async (bed) => {
    const id = await addFleeting(bed, 7);
    const child = await bed.add({ dependsOn: [id] });
    const other = await bed.add({ dependsOn: [{ jobId: id, whenDead: "continue" }], priority: -50 });
    bed.clock.advance(EXPIRES_MS);
    expect(await bed.queue.expireJobs()).toBe(1);
    expect(await bed.states(child.id, other.id)).toEqual(["cancelled", "pending"]);
    const followUp = await bed.claim();
    expect(followUp).toMatchObject({ type: "mail", payload: { n: 7 } });
    expect((await bed.add({ uniqueKey: `${id} expired 0` })).id).toBe(followUp.id);
  });

  rule("R17: a hook that throws is said in the dead letter and harms no other job", async (bed) => {
    const broken = await addFleeting(bed, -1);
    const fine = await addFleeting(bed, 1);
    bed.clock.advance(EXPIRES_MS);
    expect(await bed.queue.expireJobs()).toBe(2);
    expect((await bed.store.getDeadLetter(await bed.deadIdOf(broken)))?.lastError).toBe(
      "Nobody claimed it within 10000 ms\nIts onDead hook failed too: Error: the hook is broken",
    );
    expect(await bed.states(broken, fine)).toEqual(["failed", "failed"]);
  });

  rule("R17: a hook that asks for what cannot be stored is said, and stops no claim", async (bed) => {
    const asked = [
      { type: "mail", payload: { n: 1 }, dependsOn: ["0-0"] },
      { type: "mail", payload: { n: 1 }, runAt: new Date(bed.clock.now() + 500 * 24 * 60 * 60_000) },
    ];
    const onDead = ({ payload: { n } }: { payload: { n: number } }) => asked.slice(n, n + 1);
    const fleeting = defineJob("fleeting", {
      payload: z.object({ n: z.number() }),
      expireAfterMs: 10,
      onDead,
    });
    const queue = createQueue({ store: bed.store, jobs: [fleeting, JOB_TYPES[0]], clock: bed.clock });
    const dead = await Promise.all([0, 1].map(async (n) => (await queue.enqueue("fleeting", { n })).id));
    const { id } = await bed.add({ priority: -50 });
    bed.clock.advance(10);
    expect(await queue.dequeue("worker-1")).toMatchObject({ id });
    expect(await bed.states(...dead)).toEqual(["failed", "failed"]);
    for (const jobId of dead)
      expect(await bed.store.getDeadLetter(await bed.deadIdOf(jobId))).toMatchObject({
        lastError: expect.stringContaining("Its onDead hook failed too: OptionInvalidError"),
      });
  });

  rule("R17: a job may differ from its type", async (bed) => {
    const never = await addFleeting(bed, 1, { expireAfterMs: null });
    const sooner = await addFleeting(bed, 1, { expireAfterMs: 5 });
    const mail = await bed.add({ expireAfterMs: EXPIRES_MS });
    await diesAfter(bed, sooner, 5);
    await diesAfter(bed, mail.id, EXPIRES_MS - 5);
    bed.clock.advance(300 * EXPIRES_MS);
    expect(await bed.queue.expireJobs()).toBe(0);
    expect(await bed.states(never)).toEqual(["pending"]);
    for (const expireAfterMs of [0, -1, 1.5, Number.NaN, 366 * 24 * 60 * 60_000]) {
      await expect(bed.add({ expireAfterMs })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    }
  });

  rule("R17: a delay does not count, and what is late to be promoted was due before", async (bed) => {
    const early = await addFleeting(bed, 1, { delayMs: 60_000 });
    const late = await addFleeting(bed, 1, { delayMs: 60_000 + EXPIRES_MS });
    bed.clock.advance(60_000);
    await bed.store.promoteDue();
    await diesAfter(bed, early, EXPIRES_MS);
    // Nobody looked when it became due.
    bed.clock.advance(EXPIRES_MS);
    expect(await bed.states(late)).toEqual(["scheduled"]);
    expect(await bed.queue.dequeue("worker-1", { types: ["fleeting"] })).toBeNull();
    expect(await bed.states(late)).toEqual(["failed"]);
  });

  rule("R17: waiting for parents does not count", async (bed) => {
    const parent = await bed.add();
    const claimed = await bed.claim();
    const id = await addFleeting(bed, 1, { dependsOn: [parent.id] });
    bed.clock.advance(10 * EXPIRES_MS);
    await bed.queue.completeJob(claimed);
    await diesAfter(bed, id, EXPIRES_MS);
  });

  const returns: Readonly<Record<string, (bed: TestBed) => Promise<unknown>>> = {
    "a retry": async (bed) => {
      await bed.queue.failJob(await bed.claim(), new Error("no luck"));
      bed.clock.advance(30_000);
      return bed.store.promoteDue();
    },
    "a snooze": async (bed) => {
      await bed.finish(await bed.claim(), { verb: "snooze", delayMs: 1_000 });
      bed.clock.advance(1_000);
      return bed.store.promoteDue();
    },
    "being handed back": async (bed) => bed.finish(await bed.claim(), { verb: "handBack" }),
    "the crash of its worker": async (bed) => {
      await bed.claim("worker-that-dies", { leaseMs: 3_000 });
      for (let rescued = 0; rescued === 0; rescued = await bed.queue.releaseStaleJobs())
        bed.clock.advance(1_000);
    },
    "the retry of its dead letter": async (bed) => {
      const claimed = await bed.claim();
      await bed.finish(claimed, { verb: "bury", reason: "not_retryable", error: "no", timedOut: false });
      bed.clock.advance(60_000);
      return bed.store.revive(await bed.deadIdOf(claimed.id));
    },
  };
  for (const [what, comeBack] of Object.entries(returns)) {
    rule(`R17: after ${what} a job has the whole time again`, async (bed) => {
      const id = await addFleeting(bed);
      bed.clock.advance(EXPIRES_MS - 1);
      await comeBack(bed);
      await diesAfter(bed, id, EXPIRES_MS);
    });
  }

  rule("R17: a dead letter that expired can be retried, and then runs", async (bed) => {
    const id = await addFleeting(bed);
    await diesAfter(bed, id, EXPIRES_MS);
    await bed.store.revive(await bed.deadIdOf(id));
    expect((await bed.claim("worker-1", { types: ["fleeting"] })).id).toBe(id);
  });

  rule(
    "R17: jobs of a type that no worker takes expire too, but only where their type is known",
    async (bed) => {
      const id = await addFleeting(bed);
      bed.clock.advance(EXPIRES_MS);
      const strangers = createQueue({ store: bed.store, jobs: [JOB_TYPES[0]], clock: bed.clock });
      expect(await strangers.expireJobs()).toBe(0);
      expect(await bed.states(id)).toEqual(["pending"]);
      expect(await bed.queue.expireJobs()).toBe(1);
    },
  );

  rule("R17: many expire in one call", async (bed) => {
    await bed.queue.enqueueMany(
      "fleeting",
      Array.from({ length: 230 }, (_, n) => ({ n })),
    );
    bed.clock.advance(EXPIRES_MS);
    expect(await bed.queue.expireJobs()).toBe(230);
    expect((await bed.store.stats()).queue).toMatchObject({ failed: 230, pending: 230 });
  });

  rule("R17: who asks may stop it between two transactions, and what is left expires later", async (bed) => {
    await bed.queue.enqueueMany(
      "fleeting",
      Array.from({ length: 230 }, (_, n) => ({ n })),
    );
    bed.clock.advance(EXPIRES_MS);
    const stop = new AbortController();
    const asked = bed.queue.expireJobs({ signal: stop.signal });
    stop.abort();
    const expired = await asked;
    expect(expired).toBeLessThan(230);
    expect((await bed.store.stats()).queue).toMatchObject({ failed: expired, pending: 230 });
    expect(await bed.queue.expireJobs({ signal: stop.signal })).toBe(0);
    expect(await bed.queue.expireJobs()).toBe(230 - expired);
  });

  rule("R17: nothing expires twice when two processes look", async (bed) => {
    const other = await bed.openProcess();
    for (let n = 0; n < 50; n += 1) await addFleeting(bed, n);
    bed.clock.advance(EXPIRES_MS);
    const expired = await Promise.all([bed.queue.expireJobs(), other.queue.expireJobs()]);
    expect(expired.reduce((sum, count) => sum + count)).toBe(50);
    expect((await bed.store.stats()).queue).toMatchObject({ failed: 50, pending: 50 });
  });

  rule(
    "R17: what the hooks of a claim's expired jobs add is not taken unseen with that claim",
    async (bed) => {
      const settings = { priority: 20, expireAfterMs: EXPIRES_MS };
      // As many as one transaction gives up: the claim goes on with what it saw behind them.
      for (let n = 0; n < 100; n++) await bed.queue.enqueue("mourned", { n }, settings);
      for (let n = 0; n < 5; n++) await bed.add({ priority: 0 });
      bed.clock.advance(EXPIRES_MS);
      const claimed = await bed.queue.dequeueBatch("worker-1", 150, { types: ["mourned", "mail"] });
      expect(claimed).toHaveLength(5);
      // Each hook has added a mail, more urgent than those five.
      expect((await bed.store.stats()).queue).toMatchObject({ processing: 5, pending: 100, failed: 100 });
    },
  );
}
