import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { JobStore } from "../../src/index.ts";
import { Connection } from "../../src/sqlite/connection.ts";
import { type MigrationSet, openSqliteStore } from "../../src/sqlite/index.ts";
import { migrate } from "../../src/sqlite/migrate.ts";
import { ChildProcess } from "./child-process.ts";
import { findFaults } from "./invariants.ts";
import { createFolder, readDatabase } from "./sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
let path: string;
let set: MigrationSet;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
  mkdirSync(join(folder.path, "migrations"));
  set = { scope: "shop", directory: pathToFileURL(join(folder.path, "migrations/")) };
});
afterEach(() => folder.remove());

const write = (file: string, sql: string): void => writeFileSync(join(folder.path, "migrations", file), sql);
const open = (...migrations: MigrationSet[]): Promise<JobStore> => openSqliteStore({ path, migrations });
const openAndClose = async (...migrations: MigrationSet[]): Promise<void> =>
  (await open(...migrations)).close();

function applied(scope = "shop"): { readonly version: number; readonly name: string }[] {
  return readDatabase(path, (database) =>
    database
      .prepare<[string], { version: number; name: string }>(
        "SELECT version, name FROM migration WHERE scope = ? ORDER BY version",
      )
      .all(scope),
  );
}

const tables = (): unknown[] =>
  readDatabase(path, (database) =>
    database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'shop_%'")
      .pluck()
      .all(),
  );

describe("migrations", () => {
  it("find no trigger in their way, though somebody listens, who is told that he was forgotten", async () => {
    const store = await open();
    const listener = { id: "one", forMs: 60_000 };
    await store.listen(listener);
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose(set);
    expect(
      readDatabase(path, (db) => db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'trigger'").all()),
    ).toEqual([]);
    expect((await store.listen(listener)).isNew).toBe(true);
    await store.close();
  });

  it("are applied in order, each once, and what comes later is added", async () => {
    write("0002-rename.sql", "ALTER TABLE shop_a RENAME TO shop_b;");
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose(set);
    await openAndClose(set);
    expect(tables()).toEqual(["shop_b"]);
    write("0003-third.sql", "CREATE TABLE shop_c (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose(set);
    expect(tables()).toEqual(["shop_b", "shop_c"]);
    expect(applied()).toEqual([
      { version: 1, name: "first" },
      { version: 2, name: "rename" },
      { version: 3, name: "third" },
    ]);
  });

  it("come all together or not at all", async () => {
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    write("0002-broken.sql", "CREATE TABLE shop_b (id INTEGER PRIMARY KEY) STRICT; CREATE TABEL shop_c;");
    await expect(open(set)).rejects.toThrow(/TABEL/);
    expect(tables()).toEqual([]);
    write("0002-broken.sql", "CREATE TABLE shop_b (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose(set);
    expect(tables()).toEqual(["shop_a", "shop_b"]);
  });

  it("count for each owner of tables by themselves", async () => {
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    const other = { ...set, scope: "other" };
    await openAndClose();
    await openAndClose(set);
    // Another owner's files of the same versions are its own: this one finds its table there already.
    await expect(open(set, other)).rejects.toThrow(/shop_a already exists/);
  });

  it("refuse a database that is newer than the program, and leave it as it is", async () => {
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    write("0002-second.sql", "CREATE TABLE shop_b (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose(set);
    rmSync(join(folder.path, "migrations", "0002-second.sql"));
    await expect(open(set)).rejects.toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(/version 2 of the shop tables.*knows only 1.*newer program/),
    });
    expect(applied()).toHaveLength(2);
  });

  it.each(["1-first.sql", "0001_first.sql", "0001-First.sql", "first.sql"])(
    "refuse the file name %s",
    async (file) => {
      write(file, "SELECT 1;");
      await expect(open(set)).rejects.toMatchObject({
        code: "STORE_REFUSED",
        message: expect.stringContaining(file),
      });
    },
  );

  it("refuse a file that comes before one that was applied, as branches that are merged bring it", async () => {
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    write("0003-third.sql", "CREATE TABLE shop_c (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose(set);
    await openAndClose(set);
    write("0002-second.sql", "CREATE TABLE shop_b (id INTEGER PRIMARY KEY) STRICT;");
    await expect(open(set)).rejects.toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(/0002-second\.sql of the shop tables came too late.*give it the next/),
    });
    expect(tables()).toEqual(["shop_a", "shop_c"]);
  });

  it("refuse two files of one number, and two sets of one scope", async () => {
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    for (const sets of [[set, set], [{ ...set, scope: "queue" }]]) {
      const message = expect.stringMatching(/scope "(shop" stands twice|queue" is the queue's own)/);
      await expect(open(...sets)).rejects.toMatchObject({ code: "STORE_REFUSED", message });
    }
    write("0001-other.sql", "CREATE TABLE shop_b (id INTEGER PRIMARY KEY) STRICT;");
    const message = expect.stringContaining("0001-first.sql and 0001-other.sql of the shop tables");
    await expect(open(set)).rejects.toMatchObject({ code: "STORE_REFUSED", message });
  });

  it("name the folder that cannot be read, and the file that SQLite refuses", async () => {
    const directory = new URL("nowhere/", set.directory);
    const message = expect.stringMatching(/of the shop tables cannot be read from .*nowhere/);
    await expect(open({ ...set, directory })).rejects.toMatchObject({ code: "STORE_REFUSED", message });
    write("0001-first.sql", "CREATE TABEL shop_a (id INTEGER PRIMARY KEY) STRICT;");
    await expect(open(set)).rejects.toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(/^Migration 0001-first\.sql of the shop tables failed: .*TABEL/),
    });
  });

  it("look at no other files", async () => {
    write("README.md", "Not a migration.");
    await openAndClose(set);
    expect(applied()).toEqual([]);
  });

  it("look again once they have the lock, which another process may have had before", async () => {
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose();
    const connections = [new Connection(path), new Connection(path)] as const;
    const { database } = connections[0];
    const exec = database.exec.bind(database);
    const faster: Promise<void>[] = [];
    database.exec = (sql) => {
      if (sql === "BEGIN IMMEDIATE") faster.push(migrate(connections[1], [set], systemClock, 0));
      return exec(sql);
    };
    await migrate(connections[0], [set], systemClock, 0);
    await Promise.all(faster);
    expect(faster).toHaveLength(1);
    for (const connection of connections) connection.close();
    expect(applied()).toEqual([{ version: 1, name: "first" }]);
  });

  it("wait for the lock to their deadline, and then change nothing", async () => {
    write("0001-first.sql", "CREATE TABLE shop_a (id INTEGER PRIMARY KEY) STRICT;");
    await openAndClose();
    const connection = new Connection(path);
    const holder = new Database(path);
    holder.exec("BEGIN IMMEDIATE");
    await expect(migrate(connection, [set], systemClock, 30)).rejects.toMatchObject({ code: "STORE_BUSY" });
    const waiting = migrate(connection, [set], systemClock, 10_000);
    holder.close();
    expect(applied()).toEqual([]);
    await waiting;
    connection.close();
    expect(tables()).toEqual(["shop_a"]);
  });

  it("are applied once when six processes open a new database at the same moment", async () => {
    const script = new URL("./open-store.ts", import.meta.url);
    const children = await Promise.all(Array.from({ length: 6 }, () => ChildProcess.start(script, [path])));
    for (const child of children) child.send("open");
    const answers = await Promise.all(children.map((child) => child.exit()));
    expect(answers).toEqual(Array.from({ length: 6 }, () => ({ code: 0, answer: "opened" })));
    const files = readdirSync(new URL("../../src/sqlite/migrations/", import.meta.url)).toSorted();
    const names = applied("queue").map(
      ({ version, name }) => `${String(version).padStart(4, "0")}-${name}.sql`,
    );
    expect(names).toEqual(files);
    expect(readDatabase(path, (database) => database.prepare("SELECT count(*) FROM job").pluck().get())).toBe(
      6,
    );
    expect(readDatabase(path, findFaults)).toEqual([]);
  });
});
