import { join } from "node:path";
import { expect, it } from "vitest";
import { createQueue } from "../../src/index.ts";
import { runsHeldBy } from "../../src/sqlite/beat.ts";
import { Connection } from "../../src/sqlite/connection.ts";
import { endHungRuns } from "../../src/sqlite/end-hung-runs.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { FakeClock, MemoryDatabase } from "../../src/testing/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";
import { findFaults } from "./invariants.ts";
import { createFolder, readDatabase } from "./sqlite-test-database.ts";

it("a main thread that has spoken by the time the lock is held keeps its runs, a silent one loses all", async () => {
  const folder = createFolder();
  const path = join(folder.path, "jobs.db");
  const store = await openSqliteStore({ path });
  const queue = createQueue({ store, jobs: JOB_TYPES });
  const ids = (await queue.enqueueMany("mail", [{ n: 1 }, { n: 2 }])).map(({ id }) => id);
  const [, committing] = await queue.dequeueBatch("worker-1", 2);
  const connection = new Connection(path);
  const [overdue] = runsHeldBy(connection, "worker-1");
  if (!overdue || !committing) throw new Error("Two jobs run");
  const hung = { workerId: "worker-1", overdue: [overdue], nowMs: Date.UTC(2026, 0, 1) };
  const states = () => Promise.all(ids.map(async (id) => (await store.getJob(id))?.status));

  expect(endHungRuns(connection, { ...hung, isSilent: () => false })).toBeNull();
  expect(connection.database.inTransaction).toBe(false);
  expect(await states()).toEqual(["processing", "processing"]);

  // Its completion commits before the lock is had: it stands, and there is nothing to hand back.
  await queue.completeJob(committing);
  expect(endHungRuns(connection, { ...hung, isSilent: () => true })).toBe(0);
  expect(await states()).toEqual(["scheduled", "completed"]);
  await expect(queue.completeJob({ ...committing, ...overdue })).rejects.toMatchObject({
    code: "LEASE_LOST",
  });
  connection.close();
  await store.close();
  expect(readDatabase(path, findFaults)).toEqual([]);
  folder.remove();
});

it("a run that was claimed only to be buried costs no attempt: no handler ran", async () => {
  const memory = await MemoryDatabase.open();
  const clock = new FakeClock();
  const queue = createQueue({ store: memory.openStore({ clock }), jobs: JOB_TYPES, clock });
  const connection = memory.connect();
  const claimAndHang = async (): Promise<void> => {
    // As a worker claims: what has no attempt left comes, too, and is buried there.
    const claim = { workerId: "worker-1", types: ["fragile"], limit: 1, leaseMs: 30_000 };
    expect(await queue.claim(claim)).toHaveLength(1);
    const overdue = runsHeldBy(connection, "worker-1");
    endHungRuns(connection, { workerId: "worker-1", overdue, isSilent: () => true, nowMs: clock.now() });
  };
  const { last } = await queue.store.listen({ id: "one", forMs: 600_000 });
  const { id } = await queue.enqueue("fragile", { n: 1 });
  await claimAndHang();
  expect(await queue.store.getJob(id)).toMatchObject({ status: "scheduled", attempts: 1 });
  clock.advance(60_000);
  await claimAndHang();
  expect(await queue.store.getJob(id)).toMatchObject({ status: "pending", attempts: 1 });
  expect(await queue.store.attempts(id)).toHaveLength(1);
  const [ended] = await queue.store.attempts(id);
  // Who claims for himself is not handed a run that must not be.
  expect(await queue.dequeue("worker-1")).toBeNull();
  expect(await queue.store.getJob(id)).toMatchObject({ status: "failed", attempts: 1 });
  const { items } = await queue.store.listDeadLetters({ limit: 1 });
  expect(items).toMatchObject([{ reason: "attempts_exhausted", lastError: ended?.error }]);
  // Nor is it told as a run, or its last one as one that another follows.
  const { events } = await queue.store.events(last, 10);
  expect(events.map(({ kind, attempt }) => [kind, attempt])).toEqual([
    ["enqueued", null],
    ["started", 1],
    ["dead", 1],
  ]);
  memory.close();
});
