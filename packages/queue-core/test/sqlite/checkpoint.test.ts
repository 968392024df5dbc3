import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JobStore } from "../../src/index.ts";
import { logBytes } from "../../src/sqlite/checkpoint.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { newJob } from "../conformance/new-jobs.ts";
import { createFolder } from "./sqlite-test-database.ts";

const MEGABYTE = 1_048_576;

let folder: ReturnType<typeof createFolder>;
let path: string;
let store: JobStore;

beforeEach(async () => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
  store = await openSqliteStore({ path });
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

/** Makes the log longer by some megabytes. */
async function write(megabytes: number): Promise<void> {
  const payload = JSON.stringify("x".repeat(100_000));
  for (let n = 0; n < megabytes; n += 1) {
    await store.enqueue(
      Array.from({ length: 10 }, () => newJob({ payload })),
      { durability: "normal" },
    );
  }
}

/** Another program that looks at the database and does not let go of what it saw. */
function openReader(): Database.Database {
  const reader = new Database(path, { readonly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM job").get();
  return reader;
}

describe("a checkpoint", () => {
  it("empties a long log", async () => {
    await write(6);
    expect(logBytes(path)).toBeGreaterThan(5 * MEGABYTE);
    expect(await store.checkpoint()).toEqual({ logBytes: 0 });
    expect(logBytes(path)).toBe(0);
  });

  it("leaves a short log its length: its room is used again", async () => {
    await write(1);
    const before = logBytes(path);
    expect(await store.checkpoint()).toEqual({ logBytes: before });
    await write(1);
    expect(logBytes(path)).toBe(before);
  });

  it("empties the log once a reader that needs it has ended, and says how long it is until then", async () => {
    const reader = openReader();
    await write(6);
    const { logBytes: held } = await store.checkpoint();
    expect(held).toBeGreaterThan(5 * MEGABYTE);
    reader.close();
    expect(await store.checkpoint()).toEqual({ logBytes: 0 });
  });

  it("waits for the transaction of its own process", async () => {
    await write(6);
    const [, , { logBytes: left }] = await Promise.all([
      store.enqueue([newJob()], { durability: "full" }),
      store.transaction(async (tx) => {
        await store.enqueue([newJob()], { durability: "full", tx });
      }),
      store.checkpoint(),
    ]);
    expect(left).toBe(0);
  });

  it("is not needed for ever: without one a commit empties the log at 16 MB", async () => {
    await write(40);
    expect(logBytes(path)).toBeLessThan(18 * MEGABYTE);
  });
});
