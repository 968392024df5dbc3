import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createQueue, createWorker, defineJob, type Queue } from "../../src/index.ts";
import { MemoryDatabase } from "../../src/testing/index.ts";
import { NOTE_TABLES } from "../sqlite/sqlite-test-database.ts";

const JOBS = [defineJob("mail", { payload: z.object({ n: z.number() }) })] as const;

interface Tables {
  readonly note: { readonly id: number; readonly text: string };
}

describe("a database in memory", () => {
  let memory: MemoryDatabase;
  const openQueue = (): Queue<typeof JOBS, Tables> =>
    createQueue({ store: memory.openStore<Tables>(), jobs: JOBS });

  beforeEach(async () => {
    memory = await MemoryDatabase.open({ migrations: [NOTE_TABLES] });
  });

  afterEach(() => memory.close());

  it("shows each of its stores what the others commit, also when one of them is closed", async () => {
    const [first, second] = [openQueue(), openQueue()];
    const { id } = await first.enqueue("mail", { n: 1 });
    await first.store.close();
    expect(await second.dequeue("worker-1")).toMatchObject({ id, payload: { n: 1 } });
  });

  it("gives a worker a heartbeat of its own", async () => {
    const queue = openQueue();
    const ran = Promise.withResolvers<number>();
    const worker = createWorker({ queue, handlers: { mail: ({ n }) => ran.resolve(n) } });
    worker.start();
    await queue.enqueue("mail", { n: 7 });
    expect(await ran.promise).toBe(7);
    await worker.stop();
    expect((await queue.stats()).queue).toMatchObject({ pending: 0, processing: 0 });
  });

  it("has the tables of the application, and goes back to what it was at first", async () => {
    const queue = openQueue();
    const { store } = queue;
    const addNote = (): Promise<unknown> =>
      store.transaction((tx) => tx.sql.insertInto("note").values({ id: 1, text: "hello" }).execute());
    const first = await queue.enqueue("mail", { n: 1 });
    await addNote();
    memory.reset();
    expect(await store.getJob(first.id)).toBeNull();
    expect(await store.read.selectFrom("note").selectAll().execute()).toEqual([]);
    await addNote();
    await openQueue().enqueue("mail", { n: 2 });
    expect(await openQueue().dequeue("worker-1")).toMatchObject({ payload: { n: 2 }, leaseToken: 1 });
  });

  it("tells a store that another one holds the lock", async () => {
    memory.database.exec("BEGIN IMMEDIATE");
    await expect(openQueue().enqueue("mail", { n: 1 })).rejects.toMatchObject({ code: "STORE_BUSY" });
    memory.database.exec("ROLLBACK");
    await openQueue().enqueue("mail", { n: 1 });
  });
});
