import { expect } from "vitest";
import { FakeClock } from "../../src/testing/index.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestProcess } from "./test-bed.ts";

const LEASE_MS = 30_000;
const TICK_MS = LEASE_MS / 3;
const DAY_MS = 24 * 60 * 60_000;

/** Lets a process look for silent workers, a third of a lease apart; returns how many jobs it took back. */
async function watch(bed: TestBed, watcher: TestProcess, ticks: number): Promise<number> {
  let rescued = 0;
  for (let tick = 0; tick < ticks; tick += 1) {
    rescued += await watcher.queue.releaseStaleJobs();
    bed.clock.advance(TICK_MS);
  }
  return rescued;
}

export function rescueRules(rule: Rule): void {
  rule(
    "R13: a worker that falls silent loses its jobs after its lease, and they run again elsewhere",
    async (bed) => {
      const { id } = await bed.add();
      const stale = await bed.claim("worker-1");
      const watcher = await bed.openProcess();
      expect(await watch(bed, watcher, 3)).toBe(0);
      expect(await bed.states(id)).toEqual(["processing"]);
      expect(await watch(bed, watcher, 1)).toBe(1);
      expect(await bed.store.getJob(id)).toMatchObject({ status: "pending", attempts: 0, lockedBy: null });
      const claimed = await bed.claim("worker-2");
      expect(claimed).toMatchObject({ id, attempt: 1 });
      await expect(bed.queue.completeJob(stale)).rejects.toMatchObject({ code: "LEASE_LOST" });
      await bed.queue.completeJob(claimed);
    },
  );

  rule("R13: a worker that beats is never rescued, however long its job runs", async (bed) => {
    const { id } = await bed.add();
    await bed.claim("worker-1");
    const watcher = await bed.openProcess();
    for (let i = 0; i < 30; i += 1) {
      await bed.store.beat({ id: "worker-1", leaseMs: LEASE_MS });
      expect(await watch(bed, watcher, 1)).toBe(0);
    }
    expect(await bed.states(id)).toEqual(["processing"]);
  });

  rule("R13: a claim is a sign of life too", async (bed) => {
    const watcher = await bed.openProcess();
    for (let i = 0; i < 12; i += 1) {
      await bed.add();
      await bed.claim("worker-1");
      expect(await watch(bed, watcher, 1)).toBe(0);
    }
  });

  rule("R13: each worker has the lease it asked for", async (bed) => {
    await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
    const long = await bed.claim("worker-1", { leaseMs: 4 * LEASE_MS });
    const short = await bed.claim("worker-2", { leaseMs: LEASE_MS });
    const watcher = await bed.openProcess();
    expect(await watch(bed, watcher, 4)).toBe(1);
    expect(await bed.states(long.id, short.id)).toEqual(["processing", "pending"]);
  });

  for (const jumpMs of [-DAY_MS, DAY_MS]) {
    rule(`R13: a wall clock that jumps by ${jumpMs / DAY_MS} day steals no lease`, async (bed) => {
      const { id } = await bed.add();
      const claimed = await bed.claim("worker-1");
      const watcher = await bed.openProcess();
      await watch(bed, watcher, 2);
      bed.clock.setWall(bed.clock.now() + jumpMs);
      expect(await watch(bed, watcher, 1)).toBe(0);
      await bed.store.beat({ id: "worker-1", leaseMs: LEASE_MS });
      bed.clock.setWall(bed.clock.now() - jumpMs);
      expect(await watch(bed, watcher, 3)).toBe(0);
      await bed.queue.completeJob(claimed);
      expect(await bed.states(id)).toEqual(["completed"]);
    });
  }

  rule(
    "R13: of a rescuer's own absence one interval counts, so a worker has the rest of its lease",
    async (bed) => {
      const { id } = await bed.add();
      await bed.claim("worker-1");
      const watcher = await bed.openProcess();
      expect(await watch(bed, watcher, 1)).toBe(0);
      bed.clock.advance(DAY_MS);
      expect(await watch(bed, watcher, 2)).toBe(0);
      expect(await bed.states(id)).toEqual(["processing"]);
      expect(await watch(bed, watcher, 1)).toBe(1);
    },
  );

  rule("R13: a rescuer that was itself stopped does not take its absence for that of others", async (bed) => {
    const { id } = await bed.add();
    await bed.claim("worker-1");
    const ownClock = new FakeClock(bed.clock.now());
    const rescuer = await bed.openProcess(ownClock);
    await rescuer.queue.releaseStaleJobs();
    // Everything stood still for ten leases: no beat was missed that could have come.
    ownClock.advance(10 * LEASE_MS);
    expect(await rescuer.queue.releaseStaleJobs()).toBe(0);
    await bed.store.beat({ id: "worker-1", leaseMs: LEASE_MS });
    ownClock.advance(10 * LEASE_MS);
    expect(await rescuer.queue.releaseStaleJobs()).toBe(0);
    expect(await bed.states(id)).toEqual(["processing"]);
  });

  rule(
    "R13: a worker that comes back after its rescue is not taken for the silent one it was",
    async (bed) => {
      await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
      await bed.claim("worker-1");
      const [first, second] = [await bed.openProcess(), await bed.openProcess()];
      await watch(bed, first, 1);
      for (let tick = 0; tick < 3; tick += 1) {
        await second.queue.releaseStaleJobs();
        expect(await watch(bed, first, 1)).toBe(tick === 2 ? 1 : 0);
      }
      // As many beats as before its rescue: only the count would look the same.
      await bed.claim("worker-1");
      expect(await second.queue.releaseStaleJobs()).toBe(0);
    },
  );

  rule("R13: a beat that comes in while the rescuer makes up its mind saves the worker", async (bed) => {
    const { id } = await bed.add();
    await bed.claim("worker-1");
    const watcher = await bed.openProcess();
    expect(await watch(bed, watcher, 3)).toBe(0);
    // Both are under way together: the rescuer has looked already when the beat is written.
    const [, rescued] = await Promise.all([
      watcher.store.beat({ id: "worker-1", leaseMs: LEASE_MS }),
      watcher.queue.releaseStaleJobs(),
    ]);
    expect(rescued).toBe(0);
    expect(await bed.states(id)).toEqual(["processing"]);
  });

  rule("R13: two rescuers take a job back once", async (bed) => {
    await bed.add();
    await bed.claim("worker-1");
    const [first, second] = [await bed.openProcess(), await bed.openProcess()];
    let rescued = 0;
    for (let tick = 0; tick < 6; tick += 1) {
      const taken = await Promise.all([first.queue.releaseStaleJobs(), second.queue.releaseStaleJobs()]);
      rescued += (taken[0] ?? 0) + (taken[1] ?? 0);
      bed.clock.advance(TICK_MS);
    }
    expect(rescued).toBe(1);
  });

  rule(
    "R13: a job whose worker died after it was cancelled ends as cancelled, and its children with it",
    async (bed) => {
      const { id } = await bed.add();
      const child = await bed.add({ dependsOn: [id] });
      await bed.claim("worker-1");
      await bed.store.cancel(id);
      expect(await watch(bed, await bed.openProcess(), 5)).toBe(1);
      expect(await bed.states(id, child.id)).toEqual(["cancelled", "cancelled"]);
    },
  );

  rule("R13: where nobody is silent a look writes nothing", async (bed) => {
    await bed.add();
    await bed.claim("worker-1");
    const before = await bed.database.dump();
    expect(await watch(bed, bed, 2)).toBe(0);
    expect(await bed.database.dump()).toEqual(before);
  });

  rule("R18: workers are listed with what they hold, and an idle one can retire", async (bed) => {
    await bed.queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }]);
    await bed.queue.dequeueBatch("worker-2", 2, { leaseMs: 7_000 });
    const startedAt = new Date(bed.clock.now());
    bed.clock.advance(500);
    await bed.store.beat({ id: "worker-1", leaseMs: LEASE_MS });
    await bed.store.beat({ id: "worker-2", leaseMs: 7_000 });
    const seenAt = new Date(bed.clock.now());
    const busy = { id: "worker-2", leaseMs: 7_000, startedAt, seenAt, running: 2 };
    expect(await bed.store.workers()).toEqual([
      { id: "worker-1", leaseMs: LEASE_MS, startedAt: seenAt, seenAt, running: 0 },
      busy,
    ]);
    await bed.store.retire("worker-1");
    await bed.store.retire("worker-2");
    expect(await bed.store.workers()).toEqual([busy]);
  });

  rule("R18: an idle worker that is never seen again is forgotten", async (bed) => {
    await bed.store.beat({ id: "worker-1", leaseMs: LEASE_MS });
    bed.clock.advance(5 * 60_000);
    await bed.store.beat({ id: "worker-2", leaseMs: LEASE_MS });
    bed.clock.advance(1);
    await bed.store.rescue();
    expect((await bed.store.workers()).map((worker) => worker.id)).toEqual(["worker-2"]);
  });
}
