import { randomBytes } from "node:crypto";
import { linkSync, renameSync, statSync } from "node:fs";
import { type Clock, systemClock } from "../clock.ts";
import { StoreRefusedError } from "../errors.ts";
import { assertOurs } from "./check-content.ts";
import { type CopyProgress, copyDatabase, removeCopy, sync } from "./copy-database.ts";
import { fileIdOf } from "./in-place-check.ts";
import { assertUnused } from "./sole-use.ts";
import { untilFree } from "./until-free.ts";

export interface BackupOptions {
  /** Path of the database; any number of processes may be writing to it. */
  readonly from: string;
  /** Path of the backup; its folder must exist. */
  readonly to: string;
  /** Replace a file that is there already, unless a process has it open; default false. */
  readonly overwrite?: boolean;
  /** Told after each 4 MB. */
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly clock?: Clock;
  /** How long to wait for a database that another process has to itself, in milliseconds; 10,000 by default. */
  readonly busyDeadlineMs?: number;
}

/**
 * Writes a sound copy of a database, as it stood when this began, while others go on working with it: everything that
 * was acknowledged before is in it. The copy is one file (mode 0600), checked and synced before it gets its name.
 * @returns the backup's size in bytes
 * @throws {StoreRefusedError} if the database is damaged or none of ours, or the backup is there already
 * @throws {StoreUnavailableError} if the disk is full or fails
 */
export async function backupDatabase(options: BackupOptions): Promise<number> {
  const { from, to, overwrite = false, clock = systemClock, busyDeadlineMs = 10_000 } = options;
  if (!fileIdOf(from)) throw new StoreRefusedError(`There is no database ${from}: correct the path`);
  assertFree(from, to, overwrite);
  await untilFree(() => assertOurs(from, []), clock, busyDeadlineMs);
  // A name of its own, so that two backups at once don't meet before the end.
  const copy = `${to}.partial-${randomBytes(4).toString("hex")}`;
  try {
    await copyDatabase(from, copy, options.onProgress ?? (() => undefined));
    sync(copy);
    assertFree(from, to, overwrite);
    if (overwrite) renameSync(copy, to);
    // Unlike a rename, this fails if somebody has made the file meanwhile.
    else linkSync(copy, to);
    sync(to);
    return statSync(to).size;
  } finally {
    removeCopy(copy);
  }
}

/** @throws {StoreRefusedError} */
function assertFree(from: string, to: string, overwrite: boolean): void {
  const found = fileIdOf(to);
  if (!found) return;
  const source = fileIdOf(from);
  if (found.dev === source?.dev && found.ino === source.ino)
    throw new StoreRefusedError(`${to} is the database itself: give the backup another name`);
  if (!overwrite)
    throw new StoreRefusedError(`${to} is there already: choose another name, or ask for it to be replaced`);
  assertUnused(to);
}
