import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Connection } from "./connection.ts";
import { isBusy, toStoreError } from "./sqlite-error.ts";

export interface ReaderOptions {
  /** Used for nothing but reads, so that no read stands in a transaction of ours. */
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: () => number;
  /** A read that meets a locked database gives up after this long, in milliseconds. */
  readonly busyDeadlineMs: number;
}

/** Waits between tries, in milliseconds. */
const BUSY_WAIT_MS = { least: 0.5, most: 2.5 };

/**
 * The one way to read. A write-ahead log lets readers past every writer, but not past a connection that restores it
 * after a crash, nor past one that took the whole file for itself: those they wait for as writes do.
 */
export class Reader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /**
   * Runs a synchronous read; again, if it met a locked database.
   * @throws {StoreBusyError} if the lock could not be had before the deadline
   * @throws {StoreUnavailableError} if the disk fails
   */
  async read<T>(work: (connection: Connection) => T): Promise<T> {
    const { connection, clock, random, busyDeadlineMs } = this.#options;
    let deadline: number | undefined;
    for (;;) {
      try {
        return work(connection);
      } catch (error) {
        deadline ??= clock.monotonic() + busyDeadlineMs;
        if (!isBusy(error) || clock.monotonic() >= deadline) throw toStoreError(error);
      }
      await sleep(BUSY_WAIT_MS.least + random() * (BUSY_WAIT_MS.most - BUSY_WAIT_MS.least));
    }
  }
}
