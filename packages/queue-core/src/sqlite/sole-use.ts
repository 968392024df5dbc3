import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { StoreRefusedError } from "../errors.ts";
import { Connection } from "./connection.ts";
import { isBusy, toStoreError } from "./sqlite-error.ts";

/**
 * Takes a database for this connection alone, with all that its log holds copied into it: nobody has it open, and who
 * opens it now waits until this connection is closed.
 * @returns the connection, or null if the file is no database or so damaged that SQLite cannot lock it
 * @throws {StoreRefusedError} if a process has it open
 */
export function takeForSoleUse(path: string): Connection | null {
  const connection = new Connection(path);
  const { database } = connection;
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    // Leaving write-ahead logging takes the whole file, empties the log and deletes it; whoever has the database open
    // holds a shared lock that forbids it. The lock is then kept by the transaction.
    const mode = database.pragma("journal_mode = DELETE", { simple: true });
    if (mode !== "delete") throw new Database.SqliteError(`journal mode is ${String(mode)}`, "SQLITE_BUSY");
    database.exec("BEGIN EXCLUSIVE");
    return connection;
  } catch (error) {
    connection.close();
    if (isBusy(error)) {
      throw new StoreRefusedError(
        `A process has the database ${path} open: stop everything that uses it, and try again`,
        { cause: error },
      );
    }
    if (error instanceof Database.SqliteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code)) return null;
    throw toStoreError(error);
  }
}

/**
 * Refuses a database that a process has open; what is none can be in no such use.
 * @throws {StoreRefusedError}
 */
export function assertUnused(path: string): void {
  if (existsSync(path)) takeForSoleUse(path)?.close();
}
