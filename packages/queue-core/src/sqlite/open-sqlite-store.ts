import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, systemClock } from "../clock.ts";
import type { StoreRefusedError } from "../errors.ts";
import type { JobStore } from "../store.ts";
import { checkContent } from "./check-content.ts";
import { Connection } from "./connection.ts";
import { fileIdOf, InPlaceCheck } from "./in-place-check.ts";
import { type MigrationSet, migrate } from "./migrate.ts";
import { isBusy, toStoreError } from "./sqlite-error.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { checkPlace, makePrivate, prepareConnection } from "./start-up-gate.ts";

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
   * Told when the file, its `-wal` or its `-shm` was deleted or replaced while it was open. From then on every write is
   * refused with the same error, and the process should end. By default the error is thrown where nobody can catch it.
   */
  readonly onReplaced?: (error: StoreRefusedError) => void;
}

const QUEUE_TABLES: MigrationSet = { scope: "queue", directory: new URL("./migrations/", import.meta.url) };
const RETRY_MS = 5;

/**
 * Opens (and creates, and migrates) a store on an SQLite file. Any number of processes may have it open.
 * @typeParam Tables the application's tables, for `store.transaction` and `store.read`
 * @throws {StoreRefusedError} if the file must not be used as it stands; the message says what to change
 */
export async function openSqliteStore<Tables = unknown>(
  options: SqliteStoreOptions,
): Promise<JobStore<Tables>> {
  const { path, clock = systemClock, random = Math.random, busyDeadlineMs = 10_000 } = options;
  checkPlace(path, { allowNetworkFileSystem: options.allowNetworkFileSystem ?? false });
  const database = fileIdOf(path);
  const rules = { queue: QUEUE_TABLES, others: options.migrations ?? [], adopt: options.adopt ?? false };
  await untilFree(() => checkContent(path, rules), clock, busyDeadlineMs);
  const opened: Connection[] = [];
  const open = async (synchronous: "FULL" | "NORMAL", readonly = false): Promise<Connection> => {
    const connection = new Connection(path, { readonly });
    opened.push(connection);
    await untilFree(() => prepareConnection(connection, synchronous), clock, busyDeadlineMs);
    return connection;
  };
  try {
    const full = await open("FULL");
    makePrivate(path);
    await migrate(full, [QUEUE_TABLES, ...rules.others], clock, busyDeadlineMs);
    const normal = await open("NORMAL");
    const reader = await open("NORMAL", true);
    const { onReplaced = throwUncaught } = options;
    const inPlace = new InPlaceCheck({ path, database, writers: [full, normal], clock, onReplaced });
    return new SqliteStore<Tables>({ path, full, normal, reader, inPlace, clock, random, busyDeadlineMs });
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}

/** Switching a new file to write-ahead logging needs it alone for a moment; others may be doing the same. */
async function untilFree(step: () => void, clock: Clock, deadlineMs: number): Promise<void> {
  const deadline = clock.monotonic() + deadlineMs;
  for (;;) {
    try {
      step();
      return;
    } catch (error) {
      if (!isBusy(error) || clock.monotonic() >= deadline) throw toStoreError(error);
    }
    await sleep(RETRY_MS);
  }
}

/** Called outside of every caller's stack, so that this ends a process that does not listen for such errors. */
function throwUncaught(error: StoreRefusedError): never {
  throw error;
}
