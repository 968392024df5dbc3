import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { createQueue, defineJob } from "../src/index.ts";
import { openSqliteStore } from "../src/sqlite/index.ts";
import { findFaults } from "./sqlite/invariants.ts";
import { createFolder, readDatabase } from "./sqlite/sqlite-test-database.ts";

const WORKER = "worker-1";

/** A queue on a file, and one of a later deploy: for that, a payload with `n` below 0 is none any more. */
async function openBed(onRefusal: () => void = () => undefined) {
  const folder = createFolder();
  const path = join(folder.path, "jobs.db");
  const store = await openSqliteStore({ path, busyDeadlineMs: 20 });
  const other = new Database(path);
  onTestFinished(async () => {
    other.close();
    await store.close();
    expect(readDatabase(path, findFaults)).toEqual([]);
    folder.remove();
  });
  const payload = z.object({ n: z.number() });
  const strict = payload.refine(({ n }) => {
    if (n < 0) onRefusal();
    return n >= 0;
  });
  const queue = createQueue({
    store,
    jobs: [defineJob("task", { payload }), defineJob("unknown", { payload })],
  });
  const later = createQueue({ store, jobs: [defineJob("task", { payload: strict })] });
  const statusOf = async (id: string) => (await store.getJob(id))?.status;
  return { store, other, queue, later, statusOf };
}

/** As another program that takes the write lock between the claim and the burial. */
async function openLockedBed() {
  let isFirst = true;
  const bed = await openBed(() => {
    if (isFirst) bed.other.exec("BEGIN IMMEDIATE");
    isFirst = false;
  });
  return bed;
}

it("R2: jobs that can run are handed out, also if those that cannot are not to be buried yet", async () => {
  const bed = await openLockedBed();
  const [bad, good] = await bed.queue.enqueueMany("task", [{ n: -1 }, { n: 1 }]);
  expect(await bed.later.dequeueBatch(WORKER, 10)).toMatchObject([{ id: good?.id }]);
  bed.other.exec("COMMIT");
  expect(await bed.statusOf(bad?.id ?? "")).toBe("processing");
  expect(await bed.later.dequeueBatch(WORKER, 10)).toEqual([]);
  expect(await bed.statusOf(bad?.id ?? "")).toBe("failed");
});

it("R2: who gets no job is told why, and a job that cannot run is buried by the next call", async () => {
  const bed = await openLockedBed();
  const { id } = await bed.queue.enqueue("task", { n: -1 });
  await expect(bed.later.dequeue(WORKER)).rejects.toMatchObject({ code: "STORE_BUSY" });
  bed.other.exec("COMMIT");
  expect(await bed.later.dequeue(WORKER)).toBeNull();
  expect(await bed.statusOf(id)).toBe("failed");
});

it("R2: a type that the catalog does not know is refused before a job of it is claimed", async () => {
  const bed = await openBed();
  const { id } = await bed.queue.enqueue("unknown", { n: 1 });
  const types = ["unknown"] as unknown as readonly ["task"];
  await expect(bed.later.dequeueBatch(WORKER, 1, { types })).rejects.toMatchObject({
    code: "JOB_TYPE_UNKNOWN",
  });
  expect(await bed.statusOf(id)).toBe("pending");
});
