import { afterEach, expect, it } from "vitest";
import { StoreBusyError } from "../../../src/errors.ts";
import type { JobStore } from "../../../src/store.ts";
import type { AppTables } from "../../conformance/test-database.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildWorker } from "../../worker/child-worker.ts";
import { until } from "../../worker/until.ts";
import { WorkerBed } from "../../worker/worker-bed.ts";
import { ChildProcess } from "../child-process.ts";

const LEASE_MS = 1_200;
const LEASES_LOCKED = 2.5;
const ROUNDS = isFullSize ? 20 : 2;
const RESCUERS = 3;
const LOCK_HOLDER = new URL("../lock-holder.ts", import.meta.url);

let stopped = false;
afterEach(() => {
  stopped = true;
});

/** Looks for silent workers again and again, as workers and schedulers do; returns how many jobs it took back. */
async function rescueUntilStopped(store: JobStore<AppTables>): Promise<number> {
  let rescued = 0;
  while (!stopped) {
    try {
      rescued += await store.rescue();
    } catch (error) {
      if (!(error instanceof StoreBusyError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return rescued;
}

it("R13: a lock held for 2.5 leases costs a living worker none of its jobs, whoever is first afterwards", async () => {
  const bed = await WorkerBed.open();
  const { id } = await bed.queue.enqueue("task", { n: 1 });
  const child = ChildWorker.start(bed, "wait", { leaseMs: LEASE_MS });
  await until("the job runs", () => child.witnessed.length === 1);
  const lease = await bed.leaseOf(id);
  const stores = await Promise.all(Array.from({ length: RESCUERS }, () => bed.openStore()));
  stopped = false;
  const rescuing = Promise.all(stores.map(rescueUntilStopped));
  const seenAt = async (): Promise<number> => (await bed.store.workers())[0]?.seenAt.getTime() ?? 0;

  for (let round = 1; round <= ROUNDS; round += 1) {
    const holder = await ChildProcess.start(LOCK_HOLDER, [bed.path]);
    holder.send("lock");
    await holder.heard("locked");
    const [before, lockedAt] = [await seenAt(), performance.now()];
    await until(
      "the lock has outlasted the lease",
      () => performance.now() - lockedAt > LEASES_LOCKED * LEASE_MS,
    );
    expect(await seenAt(), "nobody could beat").toBe(before);
    holder.send("unlock");
    await holder.exit();
    await until("the worker beats again", async () => (await seenAt()) > before);
    expect(await bed.leaseOf(id)).toEqual(lease);
  }
  // Another lease, for whoever still counts what was silent.
  const [since, releasedAt] = [await seenAt(), performance.now()];
  await until("a lease has passed, with beats", async () => {
    return performance.now() - releasedAt > LEASE_MS && (await seenAt()) > since;
  });
  stopped = true;
  const rescued = (await rescuing).reduce((sum, count) => sum + count, 0);
  expect(rescued).toBe(0);
  child.tell("finish");
  expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1 });
  expect(child.witnessed).toEqual(["wait"]);
  await child.says("heartbeat failed, will try again");
  await child.says("heartbeat works again");
  reportFigures({
    fault: "a foreign write lock held for 2.5 leases, beside a running job",
    size: `${ROUNDS} locks, ${RESCUERS} rescuers`,
    saw: { "jobs taken from the living": rescued, "run twice": child.witnessed.length - 1 },
  });
}, 120_000);
