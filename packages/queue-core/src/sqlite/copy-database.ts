import { closeSync, fsyncSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { StoreRefusedError } from "../errors.ts";
import { openToRead } from "./check-content.ts";
import { Connection } from "./connection.ts";
import { toStoreError } from "./sqlite-error.ts";

/** How far a copy has come. */
export interface CopyProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** 4 MB of the usual pages: the event loop waits no longer than their copying takes. */
const PAGES_PER_STEP = 1_000;

/**
 * Copies a database as it stands at this moment, from its file and its log, into a new file that is one file alone, for
 * its owner alone. Others may go on writing meanwhile; their log cannot be emptied until the copy is done.
 * @throws {StoreRefusedError} if the copy is not sound, which shows that the database is not
 * @throws {StoreUnavailableError} if the disk is full or fails
 */
export async function copyDatabase(
  from: string,
  to: string,
  onProgress: (progress: CopyProgress) => void,
): Promise<void> {
  closeSync(openSync(to, "wx", 0o600));
  const source = openToRead(from);
  try {
    const pageSize = Number(source.database.pragma("page_size", { simple: true }));
    // SQLite begins the copy anew whenever somebody writes, unless the source stands in a transaction, which pins what
    // it sees: https://sqlite.org/c3ref/backup_finish.html
    source.database.exec("BEGIN; SELECT 1 FROM sqlite_schema");
    await source.database.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        onProgress({
          doneBytes: (totalPages - remainingPages) * pageSize,
          totalBytes: totalPages * pageSize,
        });
        return PAGES_PER_STEP;
      },
    });
  } catch (error) {
    throw toStoreError(error);
  } finally {
    source.close();
  }
  finishCopy(from, to);
}

/** Makes the copy one file that needs no log, and reads all of it. */
function finishCopy(from: string, to: string): void {
  const copy = new Connection(to);
  try {
    copy.database.pragma("journal_mode = DELETE");
    const found = String(copy.database.pragma("integrity_check(1)", { simple: true }));
    if (found !== "ok") throw new StoreRefusedError(`The database ${from} is damaged: ${found}`);
  } catch (error) {
    throw toStoreError(error);
  } finally {
    copy.close();
  }
}

/** Makes sure that a file, and the name it has, outlast a power cut. */
export function sync(path: string): void {
  for (const place of [path, dirname(path)]) {
    const descriptor = openSync(place, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Removes a copy that was given up, with what lies beside it. */
export function removeCopy(path: string): void {
  for (const ending of ["", "-journal", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
}
