import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { StoreBusyError, StoreUnavailableError, TransactionStalledError } from "../errors.ts";
import type { Durability } from "../store.ts";
import type { Connection } from "./connection.ts";
import { assertInTransaction, isBusy, toStoreError } from "./sqlite-error.ts";
import { assertOutsideTransaction, runInScope, type TransactionScope } from "./transaction-scope.ts";
import type { WalPressure } from "./wal-pressure.ts";

/** Synchronous SQL; may run again when a neighbour in its group fails, so it changes nothing but the database. */
export type WriteWork<T> = (connection: Connection) => T;

interface GroupedWrite {
  readonly kind: "grouped";
  readonly durability: Durability;
  readonly work: WriteWork<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface ExclusiveWrite {
  readonly kind: "exclusive";
  readonly run: (turn: Turn) => Promise<void>;
}

export interface WriterOptions {
  readonly connections: Readonly<Record<Durability, Connection>>;
  readonly clock: Clock;
  readonly random: () => number;
  /** A write that meets a locked database gives up after this long, in milliseconds. */
  readonly busyDeadlineMs: number;
  /** Called inside each transaction just before it commits. */
  readonly beforeCommit: (connection: Connection) => void;
  /** Called when a transaction begins, so that what the last one left in memory goes. */
  readonly afterBegin: () => void;
  /** Says how long to leave the write-ahead log in peace. */
  readonly pressure: Pick<WalPressure, "pauseMs" | "began" | "committed">;
}

/** Bounds how long one transaction holds the lock. */
const MAX_GROUP = 200;
/** Waits between tries for the lock, in milliseconds: short to be prompt, random so that processes take turns. */
const BUSY_WAIT_MS = { least: 0.5, most: 2.5 };

/**
 * The one way to write. Writers of this process take turns behind a queue; those that wait together share one
 * transaction and so one commit. `synchronous` belongs to a connection, hence one connection per durability.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #queue: (GroupedWrite | ExclusiveWrite)[] = [];
  #draining: Promise<void> | null = null;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Runs synchronous SQL in a transaction, together with what else is waiting.
   * @throws {StoreBusyError} if the lock could not be had before the deadline
   * @throws {StoreUnavailableError} if the disk is full or fails
   * @throws {TransactionMissingError} inside a transaction callback
   */
  write<T>(durability: Durability, work: WriteWork<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      assertOutsideTransaction();
      this.#push({ kind: "grouped", durability, work, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /**
   * Runs an asynchronous callback in a transaction of its own. It may await nothing but its own SQL.
   * @throws {TransactionStalledError} if it waited for anything else; it was rolled back
   */
  exclusive<T>(
    durability: Durability,
    work: (connection: Connection, scope: TransactionScope) => Promise<T>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      assertOutsideTransaction();
      const run = (turn: Turn): Promise<void> =>
        this.#runExclusive(durability, work, turn).then(resolve, reject);
      this.#push({ kind: "exclusive", run });
    });
  }

  /** Does something on the connections while no transaction of this process is open. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = (): Promise<void> => inStoreTerms(work).then(resolve, reject);
      this.#push({ kind: "exclusive", run });
    });
  }

  /** Resolves when nothing is waiting any more. */
  async idle(): Promise<void> {
    while (this.#draining) await this.#draining;
  }

  #push(entry: GroupedWrite | ExclusiveWrite): void {
    this.#queue.push(entry);
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const pauseMs = this.#options.pressure.pauseMs();
        if (pauseMs > 0) await sleep(pauseMs);
        // One turn of the event loop, so that callers who come together commit together.
        const turn = await nextTurn();
        const first = this.#queue[0];
        if (first?.kind === "exclusive") {
          this.#queue.shift();
          await first.run(turn);
        } else {
          await this.#commitGroup(this.#takeGroup());
        }
      }
    } finally {
      // In the very step that saw the queue empty: a write pushed a microtask later must find nobody draining.
      this.#draining = null;
    }
  }

  #takeGroup(): GroupedWrite[] {
    const group: GroupedWrite[] = [];
    while (group.length < MAX_GROUP && this.#queue[0]?.kind === "grouped")
      group.push(this.#queue.shift() as GroupedWrite);
    return group;
  }

  async #commitGroup(group: readonly GroupedWrite[]): Promise<void> {
    const durability = group.some((write) => write.durability === "full") ? "full" : "normal";
    try {
      const results = await this.#commit(durability, (connection) =>
        group.map((write) => write.work(connection)),
      );
      group.forEach((write, i) => write.resolve(results[i]));
    } catch (error) {
      const lostTogether = error instanceof StoreBusyError || error instanceof StoreUnavailableError;
      if (group.length === 1 || lostTogether) {
        for (const write of group) write.reject(error);
        return;
      }
      // One caller's error must not fail the others. A savepoint each would cost every write a third; running the
      // rare bad group one by one costs only that group.
      for (const write of group) await this.#commitGroup([write]);
    }
  }

  async #commit<T>(durability: Durability, work: WriteWork<T>): Promise<T> {
    const connection = await this.#begin(durability);
    try {
      const result = work(connection);
      this.#end(connection);
      return result;
    } catch (error) {
      throw afterRollBack(connection, error);
    }
  }

  async #runExclusive<T>(
    durability: Durability,
    work: (connection: Connection, scope: TransactionScope) => Promise<T>,
    turn: Turn,
  ): Promise<T> {
    const connection = await this.#begin(durability);
    const scope: TransactionScope = { isOpen: true };
    try {
      // Only where others held the lock has the turn gone by.
      const current = turn.isOver ? await nextTurn() : turn;
      const settling = runInScope(scope, () => work(connection, scope));
      const result = await settledWithin(current, settling);
      scope.isOpen = false;
      this.#end(connection);
      return result;
    } catch (error) {
      scope.isOpen = false;
      throw afterRollBack(connection, error);
    }
  }

  #end(connection: Connection): void {
    assertInTransaction(connection);
    this.#options.beforeCommit(connection);
    connection.run("COMMIT");
    this.#options.pressure.committed();
  }

  /** IMMEDIATE: a deferred transaction that reads first fails at once when it comes to write. */
  async #begin(durability: Durability): Promise<Connection> {
    const { connections, clock, random, busyDeadlineMs, afterBegin, pressure } = this.#options;
    const connection = connections[durability];
    const deadline = clock.monotonic() + busyDeadlineMs;
    for (;;) {
      try {
        connection.run("BEGIN IMMEDIATE");
        afterBegin();
        pressure.began();
        return connection;
      } catch (error) {
        if (!isBusy(error) || clock.monotonic() >= deadline) throw toStoreError(error);
      }
      await sleep(BUSY_WAIT_MS.least + random() * (BUSY_WAIT_MS.most - BUSY_WAIT_MS.least));
    }
  }
}

async function inStoreTerms<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
}

/** SQLite rolls back by itself on some errors (full disk, I/O); a second ROLLBACK would throw. */
function rollBack(connection: Connection): void {
  if (connection.database.inTransaction) connection.run("ROLLBACK");
}

/** What the caller is told: where the rollback has something to report too, SQLite has left the transaction as well. */
function afterRollBack(connection: Connection, error: unknown): unknown {
  try {
    rollBack(connection);
    return toStoreError(error);
  } catch (second) {
    return toStoreError(second);
  }
}

/** A step of the event loop in which nothing runs but what promises that settle set off: no timer, file or socket. */
interface Turn {
  isOver: boolean;
  readonly ended: Promise<void>;
}

/**
 * Resolves as a turn begins. Two immediates that are set together run one behind the other; between them Node settles
 * promises until none is left. A second one set later would come a whole round of timers and files after the first.
 */
function nextTurn(): Promise<Turn> {
  return new Promise((begin) => {
    const end = Promise.withResolvers<void>();
    const turn: Turn = { isOver: false, ended: end.promise };
    setImmediate(() => begin(turn));
    setImmediate(() => {
      turn.isOver = true;
      end.resolve();
    });
  });
}

const STALLED: unique symbol = Symbol("stalled");

/**
 * Everything that waits only for synchronous SQLite settles within the turn in which it began. A callback that is still
 * pending at its end would hold the write lock over foreign work.
 */
async function settledWithin<T>(turn: Turn, settling: Promise<T>): Promise<T> {
  const stalled = turn.ended.then((): typeof STALLED => STALLED);
  const first = await Promise.race([settling, stalled]);
  if (first !== STALLED) return first;
  // It goes on against a closed transaction; the error that matters is the one thrown here.
  settling.catch(() => undefined);
  throw new TransactionStalledError(
    "A store.transaction callback awaited something else than its own queries (a timer, a file, a request); " +
      "it was rolled back. Do that work before or after the transaction",
  );
}
