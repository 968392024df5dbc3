import { statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SqliteStore } from "../../src/sqlite/sqlite-store.ts";
import type { TestQueue } from "../conformance/test-bed.ts";
import type { AppTables } from "../conformance/test-database.ts";
import type { RecordingConnection } from "./recording-connection.ts";
import { RecordingStore } from "./recording-store.ts";

let bed: RecordingStore;
let full: RecordingConnection;
let normal: RecordingConnection;
let store: SqliteStore<AppTables>;
let queue: TestQueue;

beforeEach(async () => {
  bed = await RecordingStore.open();
  ({ full, normal, store, queue } = bed);
});
afterEach(() => bed.close());

/** What a verb commits on: SQLite's number of `synchronous` for each commit, 1 is NORMAL and 2 is FULL. */
async function commitsOf(verb: () => Promise<unknown>): Promise<readonly unknown[]> {
  for (const connection of [full, normal]) connection.statements.length = 0;
  await verb();
  return [full, normal].flatMap((connection) =>
    connection.statements
      .filter((sql) => sql === "COMMIT")
      .map(() => connection.database.pragma("synchronous", { simple: true })),
  );
}

async function claim(): Promise<NonNullable<Awaited<ReturnType<TestQueue["dequeue"]>>>> {
  await queue.enqueue("mail", { n: 1 });
  const claimed = await queue.dequeue("worker-1");
  if (!claimed) throw new Error("Nothing could be claimed");
  return claimed;
}

const audit = { actor: "operator", action: "discard", subject: "job", detail: null };

describe("what must be on the disk commits where SQLite flushes", () => {
  const verbs: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
    enqueue: async () => () => queue.enqueue("mail", { n: 1 }),
    transaction: async () => () => store.transaction(async (tx) => queue.enqueue("mail", { n: 1 }, { tx })),
    cancel: async () => {
      const { id } = await queue.enqueue("mail", { n: 1 });
      return () => store.cancel(id);
    },
    "a checkpoint": async () => {
      const job = await claim();
      return () => store.recordStep(job, "charge", "1");
    },
    "a schedule": async () => () => queue.registerCron("mail", "0 3 * * *", { payload: { n: 1 } }),
    "a slot": async () => {
      await queue.registerCron("mail", "* * * * *", { payload: { n: 1 } });
      bed.clock.advance(120_000);
      return () => queue.runDueCronJobs();
    },
    audit: async () => () => store.audit(audit),
  };
  it.each(Object.entries(verbs))("%s", async (_, prepare) => {
    expect(await commitsOf(await prepare())).toEqual([2]);
  });

  it("a job that is there already, which may have been stored without a flush", async () => {
    const enqueue = (durability: "normal" | "full") =>
      queue.enqueue("mail", { n: 1 }, { uniqueKey: "one", durability });
    const logBytes = (): number => statSync(`${full.database.name}-wal`).size;
    await enqueue("normal");
    const before = logBytes();
    expect(await commitsOf(() => enqueue("full"))).toEqual([2]);
    // A commit that writes nothing flushes nothing.
    expect(logBytes()).toBeGreaterThan(before);
  });

  it("discarded dead letters: put back, erased", async () => {
    for (const act of [(id: string) => store.putBack(id, audit), (id: string) => store.erase(id, audit)]) {
      await queue.enqueue("fragile", { n: 1 });
      const claimed = await queue.dequeue("worker-1", { types: ["fragile"] });
      if (!claimed) throw new Error("Nothing could be claimed");
      await queue.failJob(claimed, new Error("no luck"));
      const dead = (await store.listDeadLetters({ limit: 1 })).items[0]?.id ?? "";
      await store.discard(dead, audit);
      expect(await commitsOf(() => act(dead))).toEqual([2]);
      if ((await store.getDeadLetter(dead)) !== null) await store.discard(dead, audit);
    }
  });

  it("dead letters: edited, retried, discarded", async () => {
    for (const act of [
      (id: string) => store.editDeadLetter(id, { notes: "seen" }),
      (id: string) => store.revive(id),
      (id: string) => store.discard(id, audit),
    ]) {
      await queue.enqueue("fragile", { n: 1 });
      const claimed = await queue.dequeue("worker-1", { types: ["fragile"] });
      if (!claimed) throw new Error("Nothing could be claimed");
      await queue.failJob(claimed, new Error("no luck"));
      const [dead] = (await store.listDeadLetters({ limit: 1 })).items;
      expect(await commitsOf(() => act(dead?.id ?? ""))).toEqual([2]);
      const left = (await store.listDeadLetters({ limit: 1 })).items[0];
      if (left) await store.discard(left.id, audit);
      for (let job = await queue.dequeue("worker-1"); job; job = await queue.dequeue("worker-1"))
        await queue.completeJob(job);
    }
  });
});

describe("what may be done again commits without a flush", () => {
  const verbs: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
    "enqueue under NORMAL": async () => () => queue.enqueue("mail", { n: 1 }, { durability: "normal" }),
    claim: async () => {
      await queue.enqueue("mail", { n: 1 });
      return () => queue.dequeue("worker-1");
    },
    completion: async () => {
      const job = await claim();
      return () => queue.completeJob(job);
    },
    failure: async () => {
      const job = await claim();
      return () => queue.failJob(job, new Error("no luck"));
    },
    beat: async () => () => store.beat({ id: "worker-1", leaseMs: 30_000 }),
  };
  it.each(Object.entries(verbs))("%s", async (_, prepare) => {
    expect(await commitsOf(await prepare())).toEqual([1]);
  });
});
