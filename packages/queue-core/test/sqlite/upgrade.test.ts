import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { createQueue } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";
import { findFaults } from "./invariants.ts";
import { createFolder, readDatabase } from "./sqlite-test-database.ts";

const FIRST = readFileSync(new URL("../../src/sqlite/migrations/0001-queue.sql", import.meta.url), "utf8");

/** A database as the first version left it: a job in each state that a later one changed, one of them held. */
function createFirstVersion(path: string, nowMs: number): void {
  const database = new Database(path);
  database.exec(FIRST);
  database.exec(`
    CREATE TABLE migration (scope TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,
      applied_at INTEGER NOT NULL, PRIMARY KEY (scope, version)) STRICT, WITHOUT ROWID;
    INSERT INTO migration VALUES ('queue', 1, 'queue', ${nowMs});
    INSERT INTO job (seq, type, payload, priority, max_attempts, created_at, due_at)
      SELECT value, 'fleeting', '{"n":1}', 5, 5, ${nowMs}, ${nowMs} + iif(value = 2, 1000, 0)
      FROM json_each('[1, 2, 3]');
    INSERT INTO ready VALUES ('fleeting', -5, ${nowMs}, 1, 0);
    INSERT INTO scheduled VALUES (${nowMs + 1_000}, 2, 'fleeting', -5, 1);
    INSERT INTO running VALUES (3, 1, 'fleeting', -5, ${nowMs}, 0, 'worker-1', ${nowMs}, NULL);
    INSERT INTO worker VALUES ('worker-1', 30000, 1, ${nowMs}, ${nowMs}, NULL);
    UPDATE lease_counter SET last = 1;
  `);
  database.close();
}

it("R12: a database of the first version goes on with its jobs, which never expire", async () => {
  const folder = createFolder();
  const path = join(folder.path, "jobs.db");
  const clock = new FakeClock();
  createFirstVersion(path, clock.now());
  const store = await openSqliteStore({ path, clock });
  const queue = createQueue({ store, jobs: JOB_TYPES, clock });
  const [held] = await store.beat({ id: "worker-1", leaseMs: 30_000 });
  const handBack = { verb: "handBack" } as const;
  await store.finish([
    {
      job: held ?? { id: "", leaseToken: 0 },
      verdict: handBack,
      followUps: [],
      effects: [],
    },
  ]);
  clock.advance(1_000_000);
  expect(await queue.expireJobs()).toBe(0);
  const claimed = await queue.dequeueBatch("worker-1", 10);
  expect(claimed.map(({ attempt }) => attempt).sort((a, b) => a - b)).toEqual([1, 1, 2]);
  for (const job of claimed) await queue.completeJob(job);
  const { id } = await queue.enqueue("fleeting", { n: 1 });
  clock.advance(1_000_000);
  expect(await queue.expireJobs()).toBe(1);
  expect((await store.getJob(id))?.status).toBe("failed");
  await store.close();
  expect(readDatabase(path, findFaults)).toEqual([]);
  folder.remove();
});
