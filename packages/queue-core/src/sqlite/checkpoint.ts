import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";

/** A log no longer than this, in bytes, is left as it is: SQLite begins it anew by itself. */
const SHORT_LOG_BYTES = 4 * 1_048_576;
/** So often, and this long apart in milliseconds, the log is tried to be emptied: soon no writer has the lock. */
const TRIES = 20;
const BETWEEN_TRIES_MS = { least: 0.5, most: 2.5 };

/** The length of a database's write-ahead log in bytes; 0 if there is none. */
export function logBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Copies the write-ahead log into the database and empties it, if no reader needs it. Most is copied while others write
 * on (PASSIVE); only the rest, and the emptying, takes the write lock (TRUNCATE; https://sqlite.org/pragma.html).
 * @param path of the database file
 * @returns how long the log is then, in bytes
 */
export async function checkpoint(
  connection: Connection,
  path: string,
  random: () => number,
): Promise<number> {
  connection.database.pragma("wal_checkpoint(PASSIVE)");
  for (let tries = 0; tries < TRIES && logBytes(path) > SHORT_LOG_BYTES; tries += 1) {
    connection.database.pragma("wal_checkpoint(TRUNCATE)");
    await sleep(BETWEEN_TRIES_MS.least + random() * (BETWEEN_TRIES_MS.most - BETWEEN_TRIES_MS.least));
  }
  return logBytes(path);
}
