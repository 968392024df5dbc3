import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import Database from "better-sqlite3";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Connection } from "../../src/sqlite/connection.ts";
import { openSqliteStore, restoreDatabase } from "../../src/sqlite/index.ts";
import { checkPlace, isOlder, networkFileSystem, prepareConnection } from "../../src/sqlite/start-up-gate.ts";
import { newJob } from "../conformance/new-jobs.ts";
import { createFolder, readDatabase } from "./sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
let path: string;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
});
afterEach(() => folder.remove());

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

describe("a new database", () => {
  it("is for its owner alone, and so are the files beside it", async () => {
    const store = await openSqliteStore({ path });
    await store.enqueue([newJob()], { durability: "full" });
    for (const file of [path, `${path}-wal`, `${path}-shm`])
      expect([file, modeOf(file)]).toEqual([file, "600"]);
    await store.close();
  });

  it("is opened again with its rows, and is made private if it was not", async () => {
    await (await openSqliteStore({ path })).close();
    chmodSync(path, 0o644);
    const store = await openSqliteStore({ path });
    for (const file of [path, `${path}-wal`, `${path}-shm`])
      expect([file, modeOf(file)]).toEqual([file, "600"]);
    await store.close();
  });

  it("flushes each commit of a transaction unless that is told not to", async () => {
    const store = await openSqliteStore({ path });
    const flushing = (options?: { readonly durability: "full" | "normal" }) =>
      store.transaction(
        async (tx) => (await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(tx.sql)).rows,
        options,
      );
    // https://sqlite.org/pragma.html#pragma_synchronous: 2 is FULL, 1 is NORMAL.
    expect(await flushing()).toEqual([{ synchronous: 2 }]);
    expect(await flushing({ durability: "full" })).toEqual([{ synchronous: 2 }]);
    expect(await flushing({ durability: "normal" })).toEqual([{ synchronous: 1 }]);
    await store.close();
  });

  it("writes ahead, checks foreign keys and leaves no log behind when the last one closes it", async () => {
    const store = await openSqliteStore({ path });
    expect(readDatabase(path, (database) => database.pragma("journal_mode", { simple: true }))).toBe("wal");
    const orphan = store.transaction((tx) =>
      sql`INSERT INTO dead_letter_jobs (seq, id, original_job_id, type, payload, attempts, failed_at, reason, priority,
        max_attempts, created_at) VALUES (9, 'd', 'j', 't', '{}', 1, 1, 'r', 5, 5, 1)`.execute(tx.sql),
    );
    await expect(orphan).rejects.toThrow(/FOREIGN KEY/);
    await store.close();
    expect(readdirSync(folder.path)).toEqual(["jobs.db"]);
  });
});

describe("a place that cannot be used is refused:", () => {
  const refused = { code: "STORE_REFUSED" };

  it("a folder that is not there", async () => {
    const missing = join(folder.path, "missing", "jobs.db");
    await expect(openSqliteStore({ path: missing })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("create it"),
    });
  });

  it.each([":memory:", "", "file:jobs.db"])("%j, which no other connection could open", async (place) => {
    await expect(openSqliteStore({ path: place })).rejects.toMatchObject(refused);
    expect(existsSync(":memory:")).toBe(false);
  });

  it("a path that was never set, and a time to wait that is no number", async () => {
    const unset = openSqliteStore({ path: undefined as never });
    await expect(unset).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("got undefined"),
    });
    for (const busyDeadlineMs of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(openSqliteStore({ path, busyDeadlineMs })).rejects.toMatchObject({
        code: "OPTION_INVALID",
      });
    expect(existsSync(path)).toBe(false);
  });

  it("a folder in the place of the file, which keeps its mode", async () => {
    mkdirSync(path, { mode: 0o755 });
    await expect(openSqliteStore({ path })).rejects.toMatchObject(refused);
    expect(modeOf(path)).toBe("755");
  });

  it("a file that is no database, and it is left as it is", async () => {
    const text = "Not a database, but long enough to be taken for the header of one. ".repeat(40);
    writeFileSync(path, text);
    chmodSync(path, 0o644);
    await expect(openSqliteStore({ path })).rejects.toMatchObject(refused);
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(modeOf(path)).toBe("644");
    expect(readdirSync(folder.path)).toEqual(["jobs.db"]);
  });

  it("a folder in which nothing can be created", async () => {
    await expect(openSqliteStore({ path: "/proc/jobs.db" })).rejects.toMatchObject(refused);
  });
});

describe("a place that looks right is refused, and nothing is made there:", () => {
  it("a network file system, unless that is allowed", () => {
    const nfs = () => 0x6969;
    const check = (allowNetworkFileSystem: boolean) => () =>
      checkPlace(path, { allowNetworkFileSystem, fileSystemOf: nfs });
    expect(check(false)).toThrow(
      expect.objectContaining({
        code: "STORE_REFUSED",
        message: expect.stringMatching(
          /network file system \(nfs\).*use a local disk, or set ALLOW_NETWORK_FS=1/,
        ),
      }),
    );
    expect(readdirSync(folder.path)).toEqual([]);
    expect(check(true)).not.toThrow();
    // For its owner alone from the first moment on, not only once SQLite has opened it.
    expect(modeOf(path)).toBe("600");
  });

  it("a program with an old SQLite, which says which one it needs", () => {
    const connection = new Connection(path);
    connection.database.function("sqlite_version", () => "3.51.2");
    expect(() => prepareConnection(connection, "FULL")).toThrow(
      expect.objectContaining({
        code: "STORE_REFUSED",
        message: expect.stringMatching(/SQLite 3\.51\.2 is too old: 3\.51\.3 or newer/),
      }),
    );
    connection.close();
    expect(statSync(path).size).toBe(0);
  });
});

describe("a database that cannot write ahead", () => {
  it("is refused, and the journal mode that it has is told", () => {
    const connection = new Connection(":memory:");
    expect(() => prepareConnection(connection, "FULL")).toThrow(
      expect.objectContaining({
        code: "STORE_REFUSED",
        message: expect.stringMatching(
          /Write-ahead logging cannot be switched on \(journal mode is memory\)/,
        ),
      }),
    );
    connection.close();
  });
});

describe("on a network file system", () => {
  // No such file system can be mounted here without a server and privileges: the kernel's answer is given instead.
  const { statfsSync } = fs;
  const answerAs = (statfs: typeof statfsSync): void => {
    fs.statfsSync = statfs;
    syncBuiltinESMExports();
  };
  beforeEach(() =>
    answerAs(((folder: string) => Object.assign(statfsSync(folder), { type: 0x6969 })) as typeof statfsSync),
  );
  afterEach(() => answerAs(statfsSync));

  it("a store opens and a backup is restored only if that is allowed, and nothing is made before", async () => {
    const refused = { code: "STORE_REFUSED", message: expect.stringContaining("(nfs)") };
    await expect(openSqliteStore({ path })).rejects.toMatchObject(refused);
    expect(readdirSync(folder.path)).toEqual([]);
    await (await openSqliteStore({ path, allowNetworkFileSystem: true })).close();
    const to = join(folder.path, "restored.db");
    await expect(restoreDatabase({ from: path, to })).rejects.toMatchObject(refused);
    expect(readdirSync(folder.path)).toEqual(["jobs.db"]);
    await restoreDatabase({ from: path, to, allowNetworkFileSystem: true });
    expect(readdirSync(folder.path)).toEqual(["jobs.db", "restored.db"]);
  });
});

describe("a refused database leaves no open connection behind:", () => {
  it("another one may have it for itself at once", async () => {
    await (await openSqliteStore({ path })).close();
    readDatabase(path, (database) =>
      database.exec("INSERT INTO migration VALUES ('queue', 99, 'from-the-future', 0)"),
    );
    await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: "STORE_REFUSED" });
    const alone = new Database(path, { timeout: 0 });
    alone.pragma("locking_mode = EXCLUSIVE");
    expect(() => alone.exec("BEGIN EXCLUSIVE; COMMIT")).not.toThrow();
    alone.close();
  });
});

describe("networkFileSystem", () => {
  it.each([
    [0x6969, "nfs"],
    [0xff534d42, "cifs"],
    [0x01021997, "9p"],
    [0x65735546, "fuse or virtiofs"],
  ])("0x%x is reached over a network: %s", (type, name) => {
    expect(networkFileSystem(type)).toBe(name);
  });

  it.each([0xef53, 0x01021994, 0x9123683e, 0x58465342])("0x%x is a local disk", (type) => {
    expect(networkFileSystem(type)).toBeUndefined();
  });
});

describe("isOlder", () => {
  it.each([
    ["3.51.2", true],
    ["3.50.9", true],
    ["2.99.99", true],
    ["3.51", true],
    ["3.51.3", false],
    ["3.51.10", false],
    ["3.54.1", false],
    ["4.0.0", false],
  ])("%s against 3.51.3: %s", (version, older) => {
    expect(isOlder(version, [3, 51, 3])).toBe(older);
  });
});
