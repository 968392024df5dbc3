import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { StoreRefusedError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { endListening } from "./events.ts";
import { type Migration, type MigrationSet, readMigrations } from "./migration-files.ts";
import { isBusy, toStoreError } from "./sqlite-error.ts";

const RETRY_MS = 5;

/**
 * Brings the database's tables up to what the code knows. Any number of processes may do this at once: each looks again
 * under the write lock, so every file is applied by one of them.
 * @param deadlineMs how long to wait for the lock, in milliseconds
 * @throws {StoreRefusedError} as `missing` does, and if SQLite refuses what a file says
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
      for (const { version, file, name, sql } of missing(connection, set)) {
        apply(connection, { file, sql }, set);
        database.prepare("INSERT INTO migration VALUES (?, ?, ?, ?)").run(set.scope, version, name, nowMs);
      }
    }
    database.exec("COMMIT");
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function apply(
  { database }: Connection,
  { file, sql }: Pick<Migration, "file" | "sql">,
  { scope }: MigrationSet,
): void {
  try {
    database.exec(sql);
  } catch (error) {
    // A full disk or a lock is none of the file's doing.
    if (!(error instanceof Error) || toStoreError(error) !== error) throw error;
    throw new StoreRefusedError(
      `Migration ${file} of the ${scope} tables failed: ${error.message}. Nothing was changed; correct the file`,
      { cause: error },
    );
  }
}

/**
 * The migrations of a set that a database has not had yet.
 * @throws {StoreRefusedError} if the database is newer than the code, a file came too late, or the files cannot be used
 */
export function missing(connection: Connection, set: MigrationSet): readonly Migration[] {
  const migrations = readMigrations(set);
  const applied = connection
    .all<{ version: number }>("SELECT version FROM migration WHERE scope = ? ORDER BY version", set.scope)
    .map(({ version }) => version);
  const latest = applied.at(-1) ?? 0;
  const newest = migrations.at(-1)?.version ?? 0;
  if (latest > newest) throw newerTables(set.scope, latest, newest);
  // Two branches that are merged: to apply it now would be another order than that of a new database.
  const late = migrations.find(({ version }) => version < latest && !applied.includes(version));
  if (late) {
    throw new StoreRefusedError(
      `Migration ${late.file} of the ${set.scope} tables came too late, the database is at version ${latest}: ` +
        "give it the next number",
    );
  }
  return migrations.filter(({ version }) => version > latest);
}

function newerTables(scope: string, version: number, newest: number): StoreRefusedError {
  return new StoreRefusedError(
    `The database has version ${version} of the ${scope} tables, this program knows only ${newest}: ` +
      "run the newer program, or restore a backup made before the upgrade",
  );
}

/**
 * Sees whether another program has migrated a database further since: files are read once, and then only the table.
 * @throws {StoreRefusedError} if the files cannot be used
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
