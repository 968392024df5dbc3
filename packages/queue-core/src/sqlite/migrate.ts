import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Clock } from "../clock.ts";
import { StoreRefusedError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { endListening } from "./events.ts";
import { isBusy, toStoreError } from "./sqlite-error.ts";

/** A folder of `NNNN-name.sql` files that are applied once, in order. */
export interface MigrationSet {
  /** Whose tables these are, e.g. `queue` or `shop`; versions count per scope. */
  readonly scope: string;
  readonly directory: URL;
}

/** The queue's own. */
export const QUEUE_TABLES: MigrationSet = {
  scope: "queue",
  directory: new URL("./migrations/", import.meta.url),
};

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

const FILE_NAME = /^(\d{4})-([a-z0-9-]+)\.sql$/;
const RETRY_MS = 5;

/**
 * Brings the database's tables up to what the code knows. Any number of processes may do this at once: each looks again
 * under the write lock, so every file is applied by one of them.
 * @param deadlineMs how long to wait for the lock, in milliseconds
 * @throws {StoreRefusedError} if the database is newer than the code, or a file name is malformed
 */
export async function migrate(
  connection: Connection,
  sets: readonly MigrationSet[],
  clock: Clock,
  deadlineMs: number,
): Promise<void> {
  const deadline = clock.monotonic() + deadlineMs;
  for (;;) {
    try {
      if (!isUpToDate(connection, sets)) applyMissing(connection, sets, clock.now());
      return;
    } catch (error) {
      if (!isBusy(error) || clock.monotonic() >= deadline) throw toStoreError(error);
    }
    await sleep(RETRY_MS);
  }
}

function isUpToDate(connection: Connection, sets: readonly MigrationSet[]): boolean {
  const known = connection.database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").get();
  return known !== undefined && sets.every((set) => missing(connection, set).length === 0);
}

function applyMissing(connection: Connection, sets: readonly MigrationSet[], nowMs: number): void {
  const { database } = connection;
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(
      "CREATE TABLE IF NOT EXISTS migration (scope TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, " +
        "applied_at INTEGER NOT NULL, PRIMARY KEY (scope, version)) STRICT, WITHOUT ROWID",
    );
    endListening(connection);
    for (const set of sets) {
      for (const { version, name, sql } of missing(connection, set)) {
        database.exec(sql);
        database.prepare("INSERT INTO migration VALUES (?, ?, ?, ?)").run(set.scope, version, name, nowMs);
      }
    }
    database.exec("COMMIT");
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/**
 * The migrations of a set that a database has not had yet.
 * @throws {StoreRefusedError} if the database is newer than the code, or a file name is malformed
 */
export function missing(connection: Connection, set: MigrationSet): Migration[] {
  const migrations = readMigrations(set);
  const applied = connection.database
    .prepare("SELECT coalesce(max(version), 0) AS version FROM migration WHERE scope = ?")
    .get(set.scope) as { version: number };
  const newest = migrations.at(-1)?.version ?? 0;
  if (applied.version > newest) throw newerTables(set.scope, applied.version, newest);
  return migrations.filter(({ version }) => version > applied.version);
}

function newerTables(scope: string, version: number, newest: number): StoreRefusedError {
  return new StoreRefusedError(
    `The database has version ${version} of the ${scope} tables, this program knows only ${newest}: ` +
      "run the newer program, or restore a backup made before the upgrade",
  );
}

/**
 * Sees whether another program has migrated a database further since: files are read once, and then only the table.
 * @throws {StoreRefusedError} if a file name is malformed
 */
export function watchVersions(
  connection: Connection,
  sets: readonly MigrationSet[],
): () => StoreRefusedError | null {
  const known = sets.map((set) => ({ scope: set.scope, newest: readMigrations(set).at(-1)?.version ?? 0 }));
  return () => {
    for (const { scope, newest } of known) {
      const sql = "SELECT max(version) AS version FROM migration WHERE scope = ?";
      const version = connection.get<{ version: number | null }>(sql, scope)?.version ?? 0;
      if (version > newest) return newerTables(scope, version, newest);
    }
    return null;
  };
}

/** @throws {StoreRefusedError} if a file name is malformed */
export function readMigrations(set: MigrationSet): Migration[] {
  const files = readdirSync(set.directory)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  return files.map((file) => {
    const [, version, name] = FILE_NAME.exec(file) ?? [];
    if (!version || !name) {
      throw new StoreRefusedError(
        `Migration ${fileURLToPath(set.directory)}${file} must be named NNNN-name.sql`,
      );
    }
    return { version: Number(version), name, sql: readFileSync(new URL(file, set.directory), "utf8") };
  });
}
