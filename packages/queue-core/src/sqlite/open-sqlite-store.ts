import { type Clock, systemClock } from "../clock.ts";
import { LONGEST_TIMER_MS } from "../define-job.ts";
import { OptionInvalidError, type StoreRefusedError } from "../errors.ts";
import { type OptionNames, unknownOption } from "../known-options.ts";
import type { JobStore } from "../store.ts";
import { bellsFolder } from "./bell-ringer.ts";
import { checkContent } from "./check-content.ts";
import { Connection } from "./connection.ts";
import { assertSameFile, fileIdOf, InPlaceCheck } from "./in-place-check.ts";
import { migrate, watchVersions } from "./migrate.ts";
import { type MigrationSet, withQueueTables } from "./migration-files.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { checkPlace, makePrivate, prepareConnection } from "./start-up-gate.ts";
import { untilFree } from "./until-free.ts";

export interface SqliteStoreOptions {
  /** Path of the database file; it is created (mode 0600) if it is not there, its folder is not. */
  readonly path: string;
  /** The application's own tables, migrated together with the queue's. */
  readonly migrations?: readonly MigrationSet[];
  readonly clock?: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random?: () => number;
  /** How long a write waits for a lock before it fails with `StoreBusyError`, in milliseconds; 10,000 by default. */
  readonly busyDeadlineMs?: number;
  /** Open a file on a network file system all the same. Its locks may lie; default false. */
  readonly allowNetworkFileSystem?: boolean;
  /**
   * Put the queue's tables into a database that your application made by other means. By default only a new file or
   * one that has them is opened: a wrong path must not fill somebody else's.
   */
  readonly adopt?: boolean;
  /**
   * Told when the file, its `-wal` or its `-shm` was deleted or replaced while it was open, or when a newer program has
   * migrated the tables since. From then on every write is refused with the same error, and the process should end. By
   * default the error is thrown where nobody can catch it.
   */
  readonly onReplaced?: (error: StoreRefusedError) => void;
}

const OPTION_NAMES: OptionNames<SqliteStoreOptions> = {
  path: true,
  migrations: true,
  clock: true,
  random: true,
  busyDeadlineMs: true,
  allowNetworkFileSystem: true,
  adopt: true,
  onReplaced: true,
};

/**
 * Opens (and creates, and migrates) a store on an SQLite file. Any number of processes may have it open.
 * @typeParam Tables the application's tables, for `store.transaction` and `store.read`
 * @throws {StoreRefusedError} if the file must not be used as it stands; the message says what to change
 * @throws {OptionInvalidError} if `busyDeadlineMs` is out of range, or there is no such option
 */
export async function openSqliteStore<Tables = unknown>(
  options: SqliteStoreOptions,
): Promise<JobStore<Tables>> {
  const problem = unknownOption(options, OPTION_NAMES);
  if (problem !== null) throw new OptionInvalidError(`For a store ${problem}`);
  const { path, clock = systemClock, random = Math.random, busyDeadlineMs = 10_000 } = options;
  requireDeadline(busyDeadlineMs);
  const sets = withQueueTables(options.migrations);
  checkPlace(path, { allowNetworkFileSystem: options.allowNetworkFileSystem ?? false });
  const database = fileIdOf(path);
  await untilFree(() => checkContent(path, sets, options), clock, busyDeadlineMs);
  const opened: Connection[] = [];
  const open = async (synchronous: "FULL" | "NORMAL", readonly = false): Promise<Connection> => {
    const connection = new Connection(path, { readonly });
    opened.push(connection);
    // Switching a new file to write-ahead logging needs it alone for a moment; others may be doing the same. Or it is
    // being restored: then this connection is of the old file, whose log would get the new one's name.
    const prepare = (): void => {
      assertSameFile(path, database);
      prepareConnection(connection, synchronous);
    };
    await untilFree(prepare, clock, busyDeadlineMs);
    return connection;
  };
  try {
    const full = await open("FULL");
    makePrivate(path);
    await migrate(full, sets, clock, busyDeadlineMs);
    const normal = await open("NORMAL");
    const reader = await open("NORMAL", true);
    const { onReplaced = throwUncaught } = options;
    const refuseTables = watchVersions(reader, sets);
    const writers = [full, normal];
    const inPlace = new InPlaceCheck({ path, database, writers, clock, refuseTables, onReplaced });
    const bells = bellsFolder(path);
    return new SqliteStore<Tables>({
      path,
      full,
      normal,
      reader,
      bells,
      inPlace,
      clock,
      random,
      busyDeadlineMs,
    });
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}

/** Not a number would never be past, and so let writers wait for ever. */
function requireDeadline(busyDeadlineMs: number): void {
  if (busyDeadlineMs >= 0 && busyDeadlineMs <= LONGEST_TIMER_MS) return;
  throw new OptionInvalidError(
    `busyDeadlineMs must be from 0 to ${LONGEST_TIMER_MS} milliseconds, got ${busyDeadlineMs}`,
  );
}

/** Called outside of every caller's stack, so that this ends a process that does not listen for such errors. */
function throwUncaught(error: StoreRefusedError): never {
  throw error;
}
