import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { createQueue, defineJob, NonRetryableError } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { FakeClock } from "../../src/testing/index.ts";

const jobs = [
  defineJob("mail", { payload: z.object({}) }),
  defineJob("report", { payload: z.object({}) }),
] as const;

let folder: string;
const clock = new FakeClock();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-revive-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function open() {
  const store = await openSqliteStore({ path: join(folder, "queue.db"), clock });
  return { store, queue: createQueue({ store, jobs, clock }) };
}

it("R6: many dead letters are retried by a filter, and only those that fit", async () => {
  const { store, queue } = await open();
  await queue.enqueueMany(
    "mail",
    Array.from({ length: 250 }, () => ({})),
  );
  await queue.enqueueMany("report", [{}, {}]);
  for (const claimed of await queue.dequeueBatch("worker", 252)) {
    await queue.failJob(claimed, new NonRetryableError("no such mailbox"));
  }
  const [looked] = (await store.listDeadLetters({ type: "mail", limit: 1 })).items;
  await store.editDeadLetter(looked?.id ?? "", { reviewed: true });

  expect(await store.reviveMany({ type: "mail", reviewed: false })).toBe(249);

  const { queue: depth, byType } = await queue.stats();
  expect([depth.pending, depth.failed]).toEqual([249, 3]);
  expect(byType).toContainEqual({ type: "report", status: "failed", count: 2 });
  await store.close();
});

it("a dead letter that fails again at once is not retried a second time by the same call", async () => {
  const { store, queue } = await open();
  await queue.enqueue("mail", {});
  const claimed = await queue.dequeue("worker");
  if (claimed) await queue.failJob(claimed, new NonRetryableError("no such mailbox"));
  clock.advance(1_000);
  expect(await store.reviveMany({})).toBe(1);
  expect(await store.reviveMany({})).toBe(0);
  await store.close();
});

it("a transaction of one store is refused by another", async () => {
  const { store: first } = await open();
  const other = await openSqliteStore({ path: join(folder, "other.db"), clock });
  const otherQueue = createQueue({ store: other, jobs, clock });
  await expect(first.transaction((tx) => otherQueue.enqueue("mail", {}, { tx }))).rejects.toThrow(
    /belongs to another store/,
  );
  expect((await otherQueue.stats()).queue.pending).toBe(0);
  await first.close();
  await other.close();
});
