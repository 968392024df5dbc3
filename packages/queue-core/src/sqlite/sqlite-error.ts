import Database from "better-sqlite3";
import { StoreBusyError, StoreClosedError, StoreRefusedError, StoreUnavailableError } from "../errors.ts";
import type { Connection } from "./connection.ts";

/** Whether another connection holds the lock, so that the same statement may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

const OUT_OF_SERVICE = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|PROTOCOL)/;

/** What better-sqlite3 says. */
const CLOSED = "The database connection is not open";

const DAMAGED = /^SQLITE_(NOTADB|CORRUPT)/;

/**
 * Says in the queue's own terms what SQLite reports.
 * @returns a `StoreBusyError`, `StoreUnavailableError`, `StoreClosedError` or `StoreRefusedError`, or the error itself
 *   if it is about neither the database's service nor its file
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof TypeError && error.message === CLOSED)
    return new StoreClosedError("The store is closed: stop what uses it before store.close()", {
      cause: error,
    });
  if (!(error instanceof Database.SqliteError)) return error;
  if (isBusy(error)) {
    return new StoreBusyError(
      "The database stayed locked by other processes; nothing was written, try again",
      { cause: error },
    );
  }
  if (DAMAGED.test(error.code)) {
    return new StoreRefusedError(
      `The file is no SQLite database, or is damaged (${error.code}); it was left as it is. Restore a backup`,
      { cause: error },
    );
  }
  if (OUT_OF_SERVICE.test(error.code)) {
    const hint =
      error.code === "SQLITE_FULL"
        ? "the disk is full; free some space"
        : "check the disk and the file's permissions";
    return new StoreUnavailableError(
      `The database is out of service (${error.code}): ${hint}. Nothing was written`,
      { cause: error },
    );
  }
  return error;
}

/**
 * For whoever goes on with a transaction: after some errors (https://sqlite.org/lang_transaction.html) SQLite has ended
 * it by itself, and what came next would be written outside any.
 * @throws {StoreUnavailableError} if so
 */
export function assertInTransaction({ database }: Connection): void {
  if (database.inTransaction) return;
  throw new StoreUnavailableError(
    "The disk failed inside this transaction and SQLite has rolled it back: nothing of it is stored, try again",
  );
}
