import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import type { Dump, TestDatabase } from "../conformance/test-database.ts";
import { findFaults } from "./invariants.ts";

/** The tables of the tests' application. */
export const NOTE_TABLES = { scope: "app", directory: new URL("./migrations/", import.meta.url) };

/** Makes a folder for a database file, and a way to remove it with all that is in it. */
export function createFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "holdfast-queue-"));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

/** A migrated database without rows; made once, as migrating takes longer than most tests. */
let emptyDatabase: Promise<Buffer> | undefined;

async function makeEmptyDatabase(): Promise<Buffer> {
  const folder = createFolder();
  const path = join(folder.path, "empty.db");
  const store = await openSqliteStore({ path, migrations: [NOTE_TABLES] });
  await store.close();
  const bytes = readFileSync(path);
  folder.remove();
  return bytes;
}

/** The file of a migrated database without rows, in a folder of its own. */
export async function createDatabaseFile(): Promise<{ readonly path: string; readonly remove: () => void }> {
  emptyDatabase ??= makeEmptyDatabase();
  const bytes = await emptyDatabase;
  const folder = createFolder();
  const path = join(folder.path, "jobs.db");
  writeFileSync(path, bytes);
  return { path, remove: folder.remove };
}

/** A database file in a folder of its own. */
export async function createSqliteDatabase(): Promise<TestDatabase> {
  const { path, remove } = await createDatabaseFile();
  return {
    openStore: (clock) => openSqliteStore({ path, clock, migrations: [NOTE_TABLES] }),
    dump: async () => readDatabase(path, dumpTables),
    faults: async () => readDatabase(path, findFaults),
    remove: async () => remove(),
  };
}

/** Looks into a database file on a connection of its own. */
export function readDatabase<Result>(path: string, read: (database: Database.Database) => Result): Result {
  const database = new Database(path, { timeout: 0 });
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** Every row of every table. */
export function dumpTables(database: Database.Database): Dump {
  const tables = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all();
  return Object.fromEntries(tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).all()]));
}
