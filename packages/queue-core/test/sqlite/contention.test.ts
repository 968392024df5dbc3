import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createQueue } from "../../src/queue.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";
import { ChildProcess } from "./child-process.ts";
import type { WriterReport } from "./contending-writer.ts";
import { findFaults } from "./invariants.ts";
import { createFolder, readDatabase } from "./sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
let path: string;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
});
afterEach(() => folder.remove());

const contendingWriter = new URL("./contending-writer.ts", import.meta.url);
const lockHolder = new URL("./lock-holder.ts", import.meta.url);

describe("R10: four processes on one file", () => {
  it("never see it busy, lose no job and run none twice", async () => {
    const rounds = 60;
    const names = ["a", "b", "c", "d"];
    const children = await Promise.all(
      names.map((name) => ChildProcess.start(contendingWriter, [path, name, String(rounds)])),
    );
    for (const child of children) child.send("go");
    const endings = await Promise.all(children.map((child) => child.exit()));
    expect(endings.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const reports = endings.map(({ answer }) => answer as WriterReport);
    expect(reports.flatMap(({ errors }) => errors)).toEqual([]);

    const enqueued = reports.flatMap((report) => report.enqueued);
    const completed = reports.flatMap((report) => report.completed);
    expect(enqueued).toHaveLength(names.length * rounds);
    expect(new Set(enqueued).size).toBe(enqueued.length);
    expect(completed.toSorted()).toEqual(enqueued.toSorted());
    expect(readDatabase(path, findFaults)).toEqual([]);
  });
});

describe("while another program holds the write lock", () => {
  it("writes wait up to their deadline and then fail as busy, reads go on, and nothing was written", async () => {
    const store = await openSqliteStore({ path, busyDeadlineMs: 50 });
    const queue = createQueue({ store, jobs: JOB_TYPES });
    const { id } = await queue.enqueue("mail", { n: 1 });
    const holder = await ChildProcess.start(lockHolder, [path]);
    holder.send("lock");
    await holder.heard("locked");
    const busy = { code: "STORE_BUSY" };
    await expect(queue.enqueue("mail", { n: 2 })).rejects.toMatchObject(busy);
    await expect(queue.dequeue("worker-1")).rejects.toMatchObject(busy);
    let ran = false;
    const transaction = store.transaction(async () => {
      ran = true;
    });
    await expect(transaction).rejects.toMatchObject(busy);
    expect(ran).toBe(false);
    // All that came together fail together, none is left waiting.
    const together = await Promise.allSettled([1, 2, 3].map((n) => queue.enqueue("mail", { n })));
    expect(together.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(await store.getJob(id)).toMatchObject({ status: "pending" });
    expect((await queue.stats()).queue.pending).toBe(1);

    holder.send("unlock");
    await holder.exit();
    expect((await queue.dequeue("worker-1"))?.id).toBe(id);
    await store.close();
  });

  it("a claim that finds nothing takes no lock, and so does a rescuer", async () => {
    const store = await openSqliteStore({ path, busyDeadlineMs: 0 });
    const queue = createQueue({ store, jobs: JOB_TYPES });
    const holder = await ChildProcess.start(lockHolder, [path]);
    holder.send("lock");
    await holder.heard("locked");
    expect(await queue.dequeue("worker-1")).toBeNull();
    expect([await store.promoteDue(), await store.rescue(), await queue.expireJobs()]).toEqual([0, 0, 0]);
    holder.send("unlock");
    await holder.exit();
    await store.close();
  });

  it("a write that can still wait is done when the lock is free", async () => {
    const store = await openSqliteStore({ path });
    const queue = createQueue({ store, jobs: JOB_TYPES });
    const holder = await ChildProcess.start(lockHolder, [path]);
    holder.send("lock");
    await holder.heard("locked");
    const waiting = queue.enqueue("mail", { n: 1 });
    // The event loop is free meanwhile: timers fire one after another and other work is done, though the write has to
    // wait. A connection that waited inside SQLite would hold each of these turns up for its whole busy timeout.
    for (let turns = 0; turns < 100; turns += 1) await sleep(1);
    expect((await queue.stats()).queue.pending).toBe(0);
    holder.send("unlock");
    expect(await waiting).toMatchObject({ status: "pending" });
    expect((await queue.stats()).queue.pending).toBe(1);
    await holder.exit();
    await store.close();
  });

  it("a database that must be migrated waits for it too", async () => {
    const holder = await ChildProcess.start(lockHolder, [path]);
    holder.send("lock");
    await holder.heard("locked");
    await expect(openSqliteStore({ path, busyDeadlineMs: 30 })).rejects.toMatchObject({ code: "STORE_BUSY" });
    const opening = openSqliteStore({ path });
    holder.send("unlock");
    await (await opening).close();
    await holder.exit();
    expect(readDatabase(path, findFaults)).toEqual([]);
  });
});
