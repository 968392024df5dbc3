import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startHeartbeat } from "../../src/sqlite/heartbeat.ts";
import type { HeldJob, JobStore } from "../../src/store.ts";
import type { AppTables } from "../conformance/test-database.ts";
import { ChildWorker } from "./child-worker.ts";
import { until } from "./until.ts";
import { SHORT_LEASE_MS, WorkerBed } from "./worker-bed.ts";

const leaseMs = SHORT_LEASE_MS;

/** Has a store look for silent workers until a condition holds; returns how many jobs it rescued. */
async function rescueUntil(
  store: JobStore<AppTables>,
  what: string,
  look: () => Promise<boolean>,
): Promise<number> {
  let rescued = 0;
  await until(what, async () => {
    rescued += await store.rescue();
    return look();
  });
  return rescued;
}

/** Whether the one worker there is has been seen to beat so many times. */
function beatenTimes(bed: WorkerBed, times: number): () => Promise<boolean> {
  const beats = new Set<number>();
  return async () => {
    for (const { seenAt } of await bed.store.workers()) beats.add(seenAt.getTime());
    return beats.size >= times;
  };
}

describe("R13: a handler", () => {
  it("that blocks the CPU for three leases keeps its lease: its job runs once", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    // The thread beats three times a lease, but a machine that others use may keep it waiting.
    const child = ChildWorker.start(bed, "block", { leaseMs: 2 * leaseMs });
    const rescued = await rescueUntil(bed.store, "the job is completed", async () => {
      return (await bed.job(id)).status === "completed";
    });
    expect(rescued).toBe(0);
    expect(child.witnessed).toEqual(["block"]);
    expect((await bed.job(id)).attempts).toBe(1);
  });

  it("keeps its lease also when the thread that beats dies: there is another one soon", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const preload = fileURLToPath(new URL("./crash-first-thread.ts", import.meta.url));
    const longLeaseMs = 2_000;
    const child = ChildWorker.start(bed, "wait", { leaseMs: longLeaseMs, execArgv: ["--import", preload] });
    await until("the thread has died", () => existsSync(`${bed.path}.crashed`));
    const rescued = await rescueUntil(
      bed.store,
      "the worker has beaten for more than a lease",
      beatenTimes(bed, 6),
    );
    expect(rescued).toBe(0);
    child.tell("finish");
    await bed.reaches(id, "completed");
    expect(child.witnessed).toEqual(["wait"]);
    await child.says("heartbeat failed, will try again");
  });
});

describe("R17: a handler that blocks its thread for ever", () => {
  it("loses its lease when its time is over: the attempt is recorded as timed out, the process ended", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 });
    const child = ChildWorker.start(bed, "wait", { leaseMs });
    expect(await child.exit()).toBe("SIGKILL");
    expect(await bed.job(id)).toMatchObject({ status: "scheduled", attempts: 1 });
    expect(await bed.attempts(id)).toEqual([expect.objectContaining({ attempt: 1, outcome: "timed_out" })]);
    expect(child.stderr).toContain(`"jobIds":["${id}"]`);
  });

  it("takes its process with it; its neighbours are handed back unspent, to run alone next", async () => {
    const bed = await WorkerBed.open();
    const patient = await bed.queue.enqueue("task", { n: 1 }, { priority: 20 });
    const cancelled = await bed.queue.enqueue("task", { n: 2 }, { priority: 20 });
    const child = ChildWorker.start(bed, "wait", { leaseMs });
    await until("both run", () => child.witnessed.length === 2);
    const { id } = await bed.queue.enqueue("short", { n: 1 });
    await bed.reaches(id, "processing");
    await bed.store.cancel(cancelled.id);
    expect(await child.exit()).toBe("SIGKILL");
    expect(await bed.job(id)).toMatchObject({ status: "scheduled", attempts: 1 });
    expect(await bed.job(patient.id)).toMatchObject({ status: "pending", attempts: 0, lockedBy: null });
    expect((await bed.job(cancelled.id)).status).toBe("cancelled");
    expect(JSON.parse(child.stderr)).toMatchObject({ workerId: "child", jobIds: [id], handedBack: 2 });
    // Nobody has to find out by waiting for a lease, and no ghost is listed.
    expect(await bed.store.workers()).toEqual([]);
    const suspects = bed.sql((database) => database.prepare("SELECT crashes FROM suspect").pluck().all());
    expect(suspects).toEqual([0, 0]);
    expect(await bed.queue.dequeue("worker-2")).toMatchObject({ id: patient.id, attempt: 1, suspect: true });
  });

  it("dies of its last attempt at the next claim, with its hook and one attempt for each run", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 }, { maxAttempts: 1 });
    const child = ChildWorker.start(bed, "wait", { leaseMs });
    await child.exit();
    expect(await bed.job(id)).toMatchObject({ status: "scheduled", attempts: 1 });
    bed.sql((database) => database.exec("UPDATE scheduled SET due_at = 1; UPDATE job SET due_at = 1"));
    let ranAgain = false;
    bed.work({
      short: () => {
        ranAgain = true;
      },
    });
    expect(await bed.dies(id)).toMatchObject({
      attempts: 1,
      reason: "attempts_exhausted",
      lastError: expect.stringMatching(/^AttemptTimeoutError: /),
    });
    expect(await bed.attempts(id)).toHaveLength(1);
    expect((await bed.jobsOf("other")).map(({ payload }) => payload)).toEqual([{ n: 1 }]);
    expect(ranAgain).toBe(false);
  });
});

describe("the heartbeat", () => {
  it("tells what the worker holds and the newest lease there is", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const claimed = await bed.queue.dequeue("worker-1");
    await bed.queue.enqueue("task", { n: 2 });
    await bed.queue.dequeue("worker-2");
    await bed.store.cancel(id);
    const beat = Promise.withResolvers<{ held: readonly HeldJob[]; newestToken: number }>();
    const heartbeat = startHeartbeat(bed.path, {
      workerId: "worker-1",
      leaseMs,
      lines: [],
      timeoutsMs: {},
      onBeat: (held, newestToken) => beat.resolve({ held, newestToken }),
      onError: beat.reject,
    });
    const { held, newestToken } = await beat.promise;
    await heartbeat.stop();
    expect(held).toEqual([{ id, leaseToken: claimed?.leaseToken, cancelRequested: true }]);
    expect(newestToken).toBe((claimed?.leaseToken ?? 0) + 1);
  });

  it("beats again and again while the worker holds something, and once to show itself while not", async () => {
    const bed = await WorkerBed.open();
    let beats = 0;
    const heartbeat = startHeartbeat(bed.path, {
      workerId: "worker-1",
      leaseMs: 30,
      lines: [],
      timeoutsMs: {},
      onBeat: () => {
        beats += 1;
      },
      onError: () => {},
    });
    await until("it has shown itself", () => beats === 1);
    heartbeat.hold(true);
    await until("it has beaten several times", () => beats > 4);
    heartbeat.hold(false);
    // Leases pass while another heartbeat beats; one of the first may have been under way.
    const other = Promise.withResolvers<void>();
    let others = 0;
    const beside = startHeartbeat(bed.path, {
      workerId: "worker-2",
      leaseMs: 30,
      lines: [],
      timeoutsMs: {},
      onBeat: () => {
        others += 1;
        if (others === 1) beats = 0;
        if (others > 10) other.resolve();
      },
      onError: other.reject,
    });
    beside.hold(true);
    await other.promise;
    expect(beats).toBeLessThanOrEqual(1);
    await Promise.all([heartbeat.stop(), beside.stop()]);
  });

  it("beats on as soon as a lock is gone, and says that the lock has cost it a beat", async () => {
    const bed = await WorkerBed.open();
    const elsewhere = await WorkerBed.open();
    let beats = 0;
    let beatsElsewhere = 0;
    const errors: Error[] = [];
    const options = {
      workerId: "worker-1",
      leaseMs: 30,
      lines: [],
      timeoutsMs: {},
      onError: errors.push.bind(errors),
    };
    const heartbeat = startHeartbeat(bed.path, { ...options, onBeat: () => (beats += 1) });
    heartbeat.hold(true);
    await until("it beats", () => beats > 0);
    const unlock = await bed.lock();
    beats = 0;
    // Another one of the same pace shows that several beats were due meanwhile.
    const other = startHeartbeat(elsewhere.path, { ...options, onBeat: () => (beatsElsewhere += 1) });
    other.hold(true);
    await until("beats were due", () => beatsElsewhere > 10);
    // What had been sent before the lock may have come in after it.
    expect(beats).toBeLessThanOrEqual(1);
    unlock();
    await until("it beats again", () => beats > 3);
    await Promise.all([heartbeat.stop(), other.stop()]);
    expect(errors).not.toEqual([]);
    expect(errors.filter(({ message }) => !message.includes("stayed locked"))).toEqual([]);
  });

  it("says when it cannot beat, and can be stopped all the same", async () => {
    const failed = Promise.withResolvers<Error>();
    const heartbeat = startHeartbeat("/nowhere/at/all/jobs.db", {
      workerId: "worker-1",
      leaseMs,
      lines: [],
      timeoutsMs: {},
      onBeat: () => {},
      onError: failed.resolve,
    });
    expect((await failed.promise).message).toContain("Heartbeat of worker-1: ");
    await heartbeat.stop();
  });

  it("does not take up the beat again when a run ends after the stop", async () => {
    const bed = await WorkerBed.open();
    const errors: Error[] = [];
    const heartbeat = startHeartbeat(bed.path, {
      workerId: "worker-1",
      leaseMs,
      lines: [],
      timeoutsMs: {},
      onBeat: () => {},
      onError: (error) => errors.push(error),
    });
    heartbeat.hold(true);
    const stopped = heartbeat.stop();
    heartbeat.hold(false);
    await stopped;
    expect(errors).toEqual([]);
  });
});
