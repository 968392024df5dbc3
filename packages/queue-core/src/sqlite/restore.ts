import { randomBytes } from "node:crypto";
import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { type Clock, systemClock } from "../clock.ts";
import { StoreRefusedError } from "../errors.ts";
import { assertOurs } from "./check-content.ts";
import { Connection } from "./connection.ts";
import { type CopyProgress, copyDatabase, removeCopy, sync } from "./copy-database.ts";
import { fenceRestored } from "./fence-restored.ts";
import { fileIdOf } from "./in-place-check.ts";
import { migrate } from "./migrate.ts";
import { type MigrationSet, withQueueTables } from "./migration-files.ts";
import { takeForSoleUse } from "./sole-use.ts";
import { checkFolder, prepareConnection } from "./start-up-gate.ts";
import { untilFree } from "./until-free.ts";

export interface RestoreOptions {
  /** Path of the backup; it is only read. */
  readonly from: string;
  /** Path of the database; nothing may have it open. It need not exist, its folder must. */
  readonly to: string;
  /** The application's own tables: a backup that is newer than they are is refused. */
  readonly migrations?: readonly MigrationSet[];
  /** Replace also a file that is damaged or no database of the queue's; default false. */
  readonly replaceUnreadable?: boolean;
  /** Restore onto a network file system all the same, whose locks may lie; default false. */
  readonly allowNetworkFileSystem?: boolean;
  /** Told after each 4 MB. */
  readonly onProgress?: (progress: CopyProgress) => void;
  readonly clock?: Clock;
  /** How long to wait for a lock on the backup, in milliseconds; 10,000 by default. */
  readonly busyDeadlineMs?: number;
}

export interface Restored {
  /** Path of the database that was replaced; null if there was none. */
  readonly kept: string | null;
  /** Jobs that were running when the backup was made; they are pending again. */
  readonly handedBack: number;
}

/** What SQLite keeps beside a database, and would take for the restored one's own. */
const BESIDE = ["-wal", "-shm", "-journal"];

/**
 * Puts a backup in the place of a database. The backup is copied, checked in full and brought up to the program's
 * tables first; the database that it replaces stays beside it under another name. Jobs that were running when the
 * backup was made become pending again, with no attempt spent, and no lease from before the restore is valid after it.
 * @throws {StoreRefusedError} if the backup is damaged, none of ours or newer than the program, or a process has the
 *   database open; nothing was changed
 * @throws {StoreUnavailableError} if the disk is full or fails
 */
export async function restoreDatabase(options: RestoreOptions): Promise<Restored> {
  const { from, to, clock = systemClock, busyDeadlineMs = 10_000 } = options;
  const source = fileIdOf(from);
  const target = fileIdOf(to);
  if (!source) throw new StoreRefusedError(`There is no backup ${from}: correct the path`);
  if (source.dev === target?.dev && source.ino === target.ino)
    throw new StoreRefusedError(`${from} is the database itself: give the backup that is to replace it`);
  checkFolder(to, { allowNetworkFileSystem: options.allowNetworkFileSystem ?? false });
  const sets = withQueueTables(options.migrations);
  await untilFree(() => assertOurs(from, sets), clock, busyDeadlineMs);
  if (target && !options.replaceUnreadable)
    await untilFree(() => assertReplaceable(to), clock, busyDeadlineMs);
  const copy = `${to}.restoring-${randomBytes(4).toString("hex")}`;
  try {
    await copyDatabase(from, copy, options.onProgress ?? (() => undefined));
    const handedBack = await prepareCopy(copy, sets, clock);
    sync(copy);
    const suffix = new Date(clock.now()).toISOString().replaceAll(/[-:.]/g, "");
    const kept = replace(to, copy, `${to}.replaced-${suffix}`);
    sync(to);
    return { kept, handedBack };
  } finally {
    removeCopy(copy);
  }
}

/** A wrong path must not cost another program its database; and where SQLite cannot read, it cannot lock either. */
function assertReplaceable(to: string): void {
  try {
    assertOurs(to, []);
  } catch (cause) {
    if (!(cause instanceof StoreRefusedError)) throw cause;
    throw new StoreRefusedError(
      `${to} is damaged or no database of the queue's, so it cannot be told whether a process has it open. If it is ` +
        `to be replaced, stop everything that uses it and say so. ${cause.message}`,
      { cause },
    );
  }
}

async function prepareCopy(path: string, sets: readonly MigrationSet[], clock: Clock): Promise<number> {
  const connection = new Connection(path);
  try {
    prepareConnection(connection, "FULL");
    await migrate(connection, sets, clock, 0);
    const handedBack = fenceRestored(connection, clock.now());
    // One file, which can be renamed without a log beside it.
    connection.database.pragma("journal_mode = DELETE");
    return handedBack;
  } finally {
    connection.close();
  }
}

/**
 * Gives the copy the database's name while nobody can open the old one.
 * @returns the name under which the old one is kept, null if there was none
 */
function replace(to: string, copy: string, kept: string): string | null {
  if (!existsSync(to)) {
    // A log without its database: that was moved or deleted by hand. SQLite would add it to the restored one.
    const isAnyKept = moveBeside(to, kept);
    renameSync(copy, to);
    return isAnyKept ? kept : null;
  }
  const connection = takeForSoleUse(to);
  try {
    // A link first: at no moment is there no database, so that no process that starts just now makes an empty one.
    linkSync(to, kept);
    if (!connection) moveBeside(to, kept);
    renameSync(copy, to);
    return kept;
  } finally {
    connection?.close();
  }
}

/** Moves what lies beside a database to the name it is kept under; true if there was a log or a journal. */
function moveBeside(to: string, kept: string): boolean {
  const found = BESIDE.filter((ending) => existsSync(`${to}${ending}`));
  for (const ending of found) {
    // The shared memory is made anew from the log whenever it is needed.
    if (ending === "-shm") rmSync(`${to}${ending}`);
    else renameSync(`${to}${ending}`, `${kept}${ending}`);
  }
  return found.some((ending) => ending !== "-shm");
}
