import { createCipheriv } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createQueue, StoreRefusedError } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { seededRandom, seedOfRun } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import { newJob } from "../../conformance/new-jobs.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, readDatabase } from "../sqlite-test-database.ts";

const JOBS = 300;
const PAGE = 4_096;
/** A database with so many jobs that its tables have inner pages and leaves. */
let sound: Buffer;
beforeAll(async () => {
  const folder = createFolder();
  const path = join(folder.path, "sound.db");
  const store = await openSqliteStore({ path });
  const job = newJob({ payload: JSON.stringify({ text: "a payload of some length ".repeat(10) }) });
  await store.enqueue(
    Array.from({ length: JOBS }, () => job),
    { durability: "full" },
  );
  await store.close();
  sound = readFileSync(path);
  folder.remove();
});

let folder: ReturnType<typeof createFolder>;
let path: string;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
});
afterEach(() => folder.remove());

/** Puts a file in place that others may read and that was last written long ago. */
function place(content: Buffer | string): void {
  writeFileSync(path, content);
  chmodSync(path, 0o644);
  utimesSync(path, 1_000_000_000, 1_000_000_000);
}

/** Whatever opening a file may change of it. */
function look(): unknown {
  const { mode, mtimeMs, size, ino } = statSync(path);
  return {
    mode,
    mtimeMs,
    size,
    ino,
    content: readFileSync(path).toString("base64"),
    beside: readdirSync(folder.path),
  };
}

/** Opens the file, which must be refused and stay as it was; returns what is said. */
async function refusal(): Promise<string> {
  const before = look();
  const error: unknown = await openSqliteStore({ path }).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(look()).toEqual(before);
  expect(error).toBeInstanceOf(StoreRefusedError);
  return String(error);
}

function changed(change: (content: Buffer) => void): Buffer {
  const content = Buffer.from(sound);
  change(content);
  return content;
}

function makeWith(sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
  place(readFileSync(path));
}

function rootPage(name: string): number {
  place(sound);
  const sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
  return readDatabase(path, (database) => database.prepare<[string], number>(sql).pluck().get(name)) ?? 0;
}

const DAMAGED = /is no SQLite database, is encrypted, or is damaged .*left as it is: .* restore a backup/;

describe("a file that is no sound database is refused and left as it was:", () => {
  it.each<[string, () => Buffer | string]>([
    ["garbage", () => changed((content) => content.forEach((_, i) => (content[i] = (i * 89 + 7) % 251)))],
    ["a text", () => "orders,2026\n".repeat(1_000)],
    ["a short text", () => "hello"],
    [
      "an encrypted one",
      () => createCipheriv("aes-256-ctr", Buffer.alloc(32, 1), Buffer.alloc(16)).update(sound),
    ],
    ["an empty first page", () => changed((content) => content.fill(0, 0, PAGE))],
    ["a damaged magic string", () => changed((content) => content.write("?", 3))],
    ["a wrong page size", () => changed((content) => content.writeUInt16BE(8_192, 16))],
    ["a damaged schema", () => changed((content) => content.fill(0xff, 200, PAGE))],
  ])("%s", async (_, content) => {
    place(content());
    expect(await refusal()).toMatch(DAMAGED);
  });

  it.each([0.999, 0.75, 0.5, 0.25, 0.05])("cut off at %d of its length", async (share) => {
    place(sound.subarray(0, Math.floor(sound.length * share)));
    expect(await refusal()).toMatch(/is damaged|is cut off: it has \d+ bytes of \d+/);
  });

  it("cut off within its last page, or by one byte", async () => {
    for (const bytes of [1, PAGE - 1]) {
      place(sound.subarray(0, sound.length - bytes));
      expect(await refusal()).toMatch(/is cut off: it has \d+ bytes of \d+.*restore a backup/);
    }
  });

  it.each(["job", "ready", "running", "finished", "lease_counter", "dead_letter_jobs", "worker"])(
    "the first page of the table %s zeroed",
    async (table) => {
      const at = (rootPage(table) - 1) * PAGE;
      place(changed((content) => content.fill(0, at, at + PAGE)));
      expect(await refusal()).toMatch(DAMAGED);
    },
  );

  it("one of our tables missing", async () => {
    place(sound);
    makeWith("DROP TABLE processed_jobs");
    expect(await refusal()).toMatch(/has lost its table processed_jobs.*restore a backup/);
  });

  it("tables newer than the program, before anything is changed", async () => {
    place(sound);
    makeWith("INSERT INTO migration VALUES ('queue', 99, 'from-the-future', 0)");
    expect(await refusal()).toMatch(
      /version 99 of the queue tables.*run the newer program, or restore a backup/,
    );
  });
});

describe("another program's database", () => {
  it.each(["DELETE", "WAL"])("is refused and left as it was, in journal mode %s", async (mode) => {
    makeWith(
      `PRAGMA journal_mode = ${mode}; CREATE TABLE bookmarks (url TEXT); CREATE TABLE visits (at INTEGER)`,
    );
    expect(await refusal()).toMatch(
      /another program's: it has tables \(bookmarks, visits\).*Correct the path.*adopt: true/,
    );
  });

  it("with a table of migrations of its own is not taken for ours", async () => {
    makeWith("CREATE TABLE migration (id INTEGER PRIMARY KEY, name TEXT)");
    expect(await refusal()).toMatch(/another program's/);
  });

  it("that was never written to the end is not touched either: its log stays beside it", async () => {
    const other = new Database(join(folder.path, "other.db"));
    other.exec("PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT)");
    place(readFileSync(join(folder.path, "other.db")));
    writeFileSync(`${path}-wal`, readFileSync(join(folder.path, "other.db-wal")));
    other.close();
    const before = [statSync(path).mtimeMs, readFileSync(path), readFileSync(`${path}-wal`)];
    await expect(openSqliteStore({ path })).rejects.toThrow(/another program's/);
    expect([statSync(path).mtimeMs, readFileSync(path), readFileSync(`${path}-wal`)]).toEqual(before);
  });

  it("is adopted if that is asked for, and keeps its rows", async () => {
    makeWith("CREATE TABLE users (id TEXT); INSERT INTO users VALUES ('ada')");
    const store = await openSqliteStore<{ users: { id: string } }>({ path, adopt: true });
    expect(await store.read.selectFrom("users").select("id").execute()).toEqual([{ id: "ada" }]);
    await store.enqueue([newJob()], { durability: "full" });
    await store.close();
    // From then on it is ours.
    await (await openSqliteStore({ path })).close();
    expect(readDatabase(path, findFaults)).toEqual([]);
  });

  it("whose tables have names that the queue needs is not adopted", async () => {
    makeWith("CREATE TABLE job (title TEXT)");
    await expect(openSqliteStore({ path, adopt: true })).rejects.toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(/has a table job, a name that the queue needs/),
    });
    expect(
      readDatabase(path, (database) => database.prepare("SELECT * FROM sqlite_schema").all()),
    ).toHaveLength(1);
  });
});

describe("damage that only shows when it is read", () => {
  it("is told clearly by the write that meets it, and that changes nothing", async () => {
    // The last leaf of the table of pending jobs: the claim of the first one never sees it.
    const leaf = lastLeaf("ready");
    place(changed((content) => content.fill(0, (leaf - 1) * PAGE, leaf * PAGE)));
    const store = await openSqliteStore({ path });
    const queue = createQueue({ store, jobs: JOB_TYPES });
    const claim = (limit: number) =>
      queue.claim({ workerId: "worker-1", types: ["mail"], limit, leaseMs: 30_000 });
    const [first] = await claim(1);
    expect(first?.attempt).toBe(1);
    await expect(claim(JOBS)).rejects.toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(/damaged.*Restore a backup/),
    });
    expect((await store.workers()).map(({ running }) => running)).toEqual([1]);
    const [again] = await claim(1);
    expect(again?.id).not.toBe(first?.id);
    await store.close();
  });
});

/** The page of the table's last rows: its root's rightmost child, https://sqlite.org/fileformat2.html#b_tree_pages. */
function lastLeaf(table: string): number {
  let page = rootPage(table);
  for (;;) {
    const at = (page - 1) * PAGE;
    const isInner = sound[at] === 2 || sound[at] === 5;
    if (!isInner) return page;
    page = sound.readUInt32BE(at + 8);
  }
}

it("a database with any one byte of its header changed is refused and left as it was, or all there", async () => {
  const seed = seedOfRun("corrupt-file");
  const random = seededRandom(seed);
  const places = Array.from({ length: 100 }, (_, at) => at);
  const chosen = isFullSize ? places : places.filter(() => random() < 0.3);
  let refused = 0;
  for (const at of chosen) {
    place(
      changed((content) =>
        content.writeUInt8((content.readUInt8(at) + 1 + Math.floor(random() * 254)) % 256, at),
      ),
    );
    const before = look();
    try {
      const store = await openSqliteStore({ path });
      expect([at, (await store.stats()).queue.pending]).toEqual([at, JOBS]);
      await store.close();
    } catch (error) {
      expect([at, error]).toMatchObject([at, { code: "STORE_REFUSED" }]);
      expect(look()).toEqual(before);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(0);
  reportFigures({
    fault: "a byte of the database's header changed",
    size: `${chosen.length} bytes`,
    seed,
    saw: {
      "refused, file untouched": refused,
      "opened with all its jobs": chosen.length - refused,
    },
  });
});
