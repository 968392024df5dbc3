import { expect } from "vitest";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim } from "./test-bed.ts";

const LEASE_MS = 30_000;

/** The worker holding these jobs dies, and is found out after its lease. */
async function letDie(bed: TestBed): Promise<void> {
  for (let tick = 0; tick < 4; tick += 1) {
    await bed.queue.releaseStaleJobs();
    bed.clock.advance(LEASE_MS / 3);
  }
}

/** A job that was running in a process that died, claimed again. */
async function claimSuspect(bed: TestBed): Promise<TestClaim> {
  await bed.claim("worker-that-dies", { leaseMs: LEASE_MS });
  await letDie(bed);
  return await bed.claim("worker-2");
}

const crash = { verb: "crash", error: "the process died: signal SIGKILL" } as const;

export function crashRules(rule: Rule): void {
  rule("R13: jobs of a worker that died are suspects and charged nothing", async (bed) => {
    await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
    const before = await bed.queue.dequeueBatch("worker-that-dies", 2, { leaseMs: LEASE_MS });
    expect(before.map(({ suspect }) => suspect)).toEqual([false, false]);
    await letDie(bed);
    const { id: fresh } = await bed.add();
    const after = await bed.queue.dequeueBatch("worker-2", 3);
    expect(after.map(({ id, suspect, attempt }) => [id === fresh, suspect, attempt])).toEqual([
      [false, true, 1],
      [false, true, 1],
      [true, false, 1],
    ]);
  });

  rule("R13: a worker that was killed while it was stopping makes suspects of nobody", async (bed) => {
    await bed.add();
    await bed.claim("worker-that-dies", { leaseMs: LEASE_MS });
    await bed.store.drain("worker-that-dies");
    await letDie(bed);
    expect(await bed.claim("worker-2")).toMatchObject({ suspect: false });
  });

  for (const verdict of [
    { verb: "retry", delayMs: 0, error: "no luck", timedOut: false },
    { verb: "snooze", delayMs: 100 },
  ] as const) {
    rule(`R13: a run that ends by ${verdict.verb} clears its job of suspicion`, async (bed) => {
      await bed.add();
      await bed.finish(await claimSuspect(bed), verdict);
      bed.clock.advance(1_000);
      expect(await bed.claim("worker-2")).toMatchObject({ suspect: false });
    });
  }

  rule("R13: a suspect that is handed back stays one, with its crashes", async (bed) => {
    const { id } = await bed.add();
    await bed.finish(await claimSuspect(bed), crash);
    await bed.finish(await bed.claim("worker-2"), crash);
    await bed.finish(await bed.claim("worker-2"), { verb: "handBack" });
    const again = await bed.claim("worker-2");
    expect(again).toMatchObject({ suspect: true, attempt: 1 });
    await bed.finish(again, crash);
    expect(await bed.states(id)).toEqual(["failed"]);
  });

  rule("R6: the third crash buries a job, with the reason and no attempt spent", async (bed) => {
    const { id } = await bed.add();
    await claimSuspect(bed).then((claimed) => bed.finish(claimed, crash));
    expect(await bed.states(id)).toEqual(["pending"]);
    await bed.finish(await bed.claim("worker-2"), crash);
    expect(await bed.states(id)).toEqual(["pending"]);
    await bed.finish(await bed.claim("worker-2"), crash);
    const dead = await bed.store.getDeadLetter(await bed.deadIdOf(id));
    expect(dead).toMatchObject({ reason: "worker_died", attempts: 0 });
    expect(dead?.lastError).toContain("signal SIGKILL");
  });

  rule("R6: a job buried by crashes starts innocent again when it is retried", async (bed) => {
    const { id } = await bed.add();
    await bed.finish(await claimSuspect(bed), crash);
    await bed.finish(await bed.claim("worker-2"), crash);
    await bed.finish(await bed.claim("worker-2"), crash);
    await bed.store.revive(await bed.deadIdOf(id));
    expect(await bed.claim("worker-2")).toMatchObject({ id, suspect: false, attempt: 1 });
  });

  rule("R6: what the onDead hook asks for is added by the last crash alone", async (bed) => {
    await bed.queue.enqueue("mourned", { n: 1 });
    const claimed = await bed.claim("worker-that-dies", { leaseMs: LEASE_MS });
    const bury = { verb: "bury", reason: "worker_died", error: "died", timedOut: false } as const;
    const { followUps } = bed.queue.withFollowUps(claimed, bury);
    await letDie(bed);
    for (let crashes = 1; crashes <= 3; crashes += 1) {
      await bed.finish(await bed.claim("worker-2", { types: ["mourned"] }), crash, { followUps });
      expect((await bed.queue.stats()).queue.pending).toBe(1);
      expect((await bed.queue.stats()).queue.failed).toBe(crashes === 3 ? 1 : 0);
    }
    expect(await bed.claim("worker-2")).toMatchObject({ type: "mail" });
  });

  rule("a crash of a job that was cancelled meanwhile ends it as cancelled", async (bed) => {
    const { id } = await bed.add();
    const claimed = await claimSuspect(bed);
    await bed.store.cancel(id);
    await bed.finish(claimed, crash);
    expect(await bed.states(id)).toEqual(["cancelled"]);
  });
}
