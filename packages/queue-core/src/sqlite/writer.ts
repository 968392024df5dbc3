import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { StoreBusyError, StoreRefusedError, StoreUnavailableError } from "../errors.ts";
import type { Durability } from "../store.ts";
import type { Connection } from "./connection.ts";
import { LockShare } from "./lock-share.ts";
import { assertInTransaction, isBusy, toStoreError } from "./sqlite-error.ts";
import { assertOutsideTransaction, runInScope, type TransactionScope } from "./transaction-scope.ts";
import { nextTurn, settledWithin, type Turn } from "./turn.ts";
import type { WalPressure } from "./wal-pressure.ts";

/** Synchronous SQL; may run again when a neighbour in its group fails, so it changes nothing but the database. */
export type WriteWork<T> = (connection: Connection) => T;

export interface WriteOptions {
  /** Called when the group is formed that is written next: what comes later belongs to the one after. */
  readonly onTaken?: () => void;
}

/** Asynchronous SQL; may run again when the commit that it shared was lost through a neighbour. */
export type CallbackWork<T> = (connection: Connection, scope: TransactionScope) => Promise<T>;

/** Somebody who waits for a commit. */
interface Member {
  readonly durability: Durability;
  readonly onTaken: (() => void) | undefined;
  readonly work:
    | { readonly kind: "write"; readonly run: WriteWork<unknown> }
    | { readonly kind: "callback"; readonly run: CallbackWork<unknown> };
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Somebody who wants both connections free of transactions. */
interface Pause {
  readonly between: () => Promise<void>;
}

/** What a member's part of the transaction has come to; told once the whole has ended. */
type Part =
  | { readonly member: Member; readonly isKept: true; readonly value: unknown }
  | { readonly member: Member; readonly isKept: false; readonly error: unknown };

export interface WriterOptions {
  readonly connections: Readonly<Record<Durability, Connection>>;
  readonly clock: Clock;
  readonly random: () => number;
  /** A write that meets a locked database gives up after this long, in milliseconds. */
  readonly busyDeadlineMs: number;
  /** Called inside each transaction just before it commits. */
  readonly beforeCommit: (connection: Connection) => void;
  /** Called after each commit; must not throw. */
  readonly afterCommit: (connection: Connection) => void;
  /** Called when a transaction begins, so that what the last one left in memory goes. */
  readonly afterBegin: (connection: Connection) => void;
  /** Called at each savepoint; what it returns takes what is kept in memory back to there. */
  readonly atSavepoint: () => () => void;
  /** Says how long to leave the write-ahead log in peace. */
  readonly pressure: Pick<WalPressure, "pauseMs" | "began" | "committed">;
}

/** Both bound how long one transaction holds the lock: so many members, and none begins after so many milliseconds. */
const MAX_GROUP = 200;
const MAX_GROUP_MS = 5;
/** So many writes in a row go direct; then timers and sockets have their turn, for whom nothing else would wait. */
const MAX_DIRECT = 64;
/** Waits between tries for the lock, in milliseconds: short to be prompt, random so that processes take turns. */
const BUSY_WAIT_MS = { least: 0.5, most: 2.5 };

/**
 * The one way to write. Writers of this process take turns behind a queue; those that wait together share one
 * transaction and so one commit. `synchronous` belongs to a connection, hence one connection per durability.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #queue: (Member | Pause)[] = [];
  readonly #share: LockShare;
  #draining: Promise<void> | null = null;
  /** Whether the last commit was shared: then the next one probably will be, too, and waits for its callers. */
  #inCrowd = false;
  #direct = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#share = new LockShare(options.clock, options.random);
  }

  /**
   * Runs synchronous SQL in a transaction, together with what else is waiting.
   * @throws {StoreBusyError} if the lock could not be had before the deadline
   * @throws {StoreUnavailableError} if the disk is full or fails
   * @throws {TransactionMissingError} inside a transaction callback
   */
  write<T>(durability: Durability, run: WriteWork<T>, options: WriteOptions = {}): Promise<T> {
    return this.#join(durability, { kind: "write", run }, options);
  }

  /**
   * Runs an asynchronous callback in a transaction, which it may share with others that wait: each runs alone and
   * fails alone. It may await nothing but its own SQL.
   * @throws {TransactionStalledError} if it waited for anything else; what it did was rolled back
   */
  transaction<T>(durability: Durability, run: CallbackWork<T>): Promise<T> {
    return this.#join(durability, { kind: "callback", run }, {});
  }

  /** Does something on the connections while no transaction of this process is open. */
  between<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#push({ between: () => inStoreTerms(work).then(resolve, reject) });
    });
  }

  /** Resolves when nothing is waiting any more. */
  async idle(): Promise<void> {
    while (this.#draining) await this.#draining;
  }

  #join<T>(durability: Durability, work: Member["work"], { onTaken }: WriteOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      assertOutsideTransaction();
      this.#push({ durability, onTaken, work, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  #push(entry: Member | Pause): void {
    this.#queue.push(entry);
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const pauseMs = Math.max(this.#options.pressure.pauseMs(), this.#share.restMs());
        if (pauseMs > 0) await sleep(pauseMs);
        const turn = await this.#gather();
        const first = this.#queue[0];
        if (first && "between" in first) {
          this.#queue.shift();
          await first.between();
        } else {
          const group = this.#takeGroup();
          for (const { onTaken } of group) onTaken?.();
          this.#inCrowd = group.length > 1;
          await this.#commitTogether(group, turn);
        }
      }
    } finally {
      // In the very step that saw the queue empty: a write pushed a microtask later must find nobody draining.
      this.#draining = null;
    }
  }

  /**
   * Lets callers who come together commit together. One turn of the event loop brings in all whose requests arrived
   * with the first one's. A lone write without a flush costs less than that turn, so it waits only for those who were
   * called in the same breath.
   */
  async #gather(): Promise<Turn | null> {
    if (!this.#inCrowd && this.#direct < MAX_DIRECT && this.#queue.every(isCheap)) {
      this.#direct += 1;
      await Promise.resolve();
      if (this.#queue.every(isCheap)) return null;
    }
    this.#direct = 0;
    return await nextTurn();
  }

  #takeGroup(): Member[] {
    const group: Member[] = [];
    for (
      let next = this.#queue[0];
      group.length < MAX_GROUP && next && "work" in next;
      next = this.#queue[0]
    ) {
      group.push(next);
      this.#queue.shift();
    }
    return group;
  }

  async #commitTogether(group: readonly Member[], turn: Turn | null): Promise<void> {
    const durability = group.some((member) => member.durability === "full") ? "full" : "normal";
    if (group.every(({ work }) => work.kind === "write")) await this.#commitWrites(group, durability);
    else await this.#commitParts(group, durability, turn);
  }

  async #commitWrites(group: readonly Member[], durability: Durability): Promise<void> {
    try {
      const deadlineMs = this.#deadline();
      let connection = this.#tryBegin(durability, deadlineMs);
      while (!connection) {
        await this.#untilNextTry();
        connection = this.#tryBegin(durability, deadlineMs);
      }
      let results: unknown[];
      try {
        const begun = connection;
        // The caller has seen that each of them is a write.
        results = group.map(({ work }) => (work as { readonly run: WriteWork<unknown> }).run(begun));
        this.#end(connection);
      } catch (error) {
        throw afterRollBack(connection, error);
      }
      group.forEach(({ resolve }, i) => resolve(results[i]));
    } catch (error) {
      if (group.length === 1 || error instanceof StoreBusyError || error instanceof StoreUnavailableError) {
        for (const { reject } of group) reject(error);
        return;
      }
      // One caller's error must not fail the others. A savepoint each would cost every write a third; running the
      // rare bad group one by one costs only that group.
      for (const member of group) await this.#commitTogether([member], null);
    }
  }

  /** Callbacks may stall or throw as they like, so each member has a savepoint to go back to, writes among them too. */
  async #commitParts(group: readonly Member[], durability: Durability, given: Turn | null): Promise<void> {
    const { clock } = this.#options;
    let connection: Connection | null;
    try {
      const deadlineMs = this.#deadline();
      connection = this.#tryBegin(durability, deadlineMs);
      while (!connection) {
        await this.#untilNextTry();
        connection = this.#tryBegin(durability, deadlineMs);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    // Only where others held the lock has the turn gone by.
    const turn = given === null || given.isOver ? await nextTurn() : given;
    const untilMs = clock.monotonic() + MAX_GROUP_MS;
    const parts: Part[] = [];
    for (const member of group) {
      if (parts.length > 0 && (turn.isOver || clock.monotonic() >= untilMs)) break;
      try {
        parts.push(await this.#runPart(connection, member, turn, group.length > 1));
      } catch (error) {
        // The transaction is lost, but through this member alone: those before it have failed no one and run again.
        parts.push({ member, isKept: false, error: afterRollBack(connection, error) });
        const again = parts.filter(({ isKept }) => isKept).map((part) => part.member);
        this.#queue.unshift(...again, ...group.slice(parts.length));
        tell(parts.filter(({ isKept }) => !isKept));
        return;
      }
    }
    this.#queue.unshift(...group.slice(parts.length));
    await this.#commitKept(connection, parts);
  }

  /** @throws whatever ended the whole transaction */
  async #runPart(connection: Connection, member: Member, turn: Turn, isShared: boolean): Promise<Part> {
    if (!isShared) return { member, isKept: true, value: await runMember(connection, member, turn) };
    const restoreMemory = this.#options.atSavepoint();
    connection.run("SAVEPOINT part");
    try {
      const value = await runMember(connection, member, turn);
      connection.run("RELEASE part");
      return { member, isKept: true, value };
    } catch (error) {
      if (!connection.database.inTransaction) throw error;
      connection.run("ROLLBACK TO part");
      connection.run("RELEASE part");
      restoreMemory();
      return { member, isKept: false, error: toStoreError(error) };
    }
  }

  async #commitKept(connection: Connection, parts: readonly Part[]): Promise<void> {
    const kept = parts.filter(({ isKept }) => isKept);
    try {
      if (kept.length > 0) this.#end(connection);
      else rollBack(connection);
    } catch (caught) {
      const error = afterRollBack(connection, caught);
      tell(parts.filter(({ isKept }) => !isKept));
      if (kept.length === 1 || isLostForAll(error)) for (const { member } of kept) member.reject(error);
      // A constraint that is checked at the commit, broken by one of them: whose it is shows when each goes alone.
      else for (const { member } of kept) await this.#commitTogether([member], null);
      return;
    }
    tell(parts);
  }

  #end(connection: Connection): void {
    assertInTransaction(connection);
    this.#options.beforeCommit(connection);
    connection.run("COMMIT");
    this.#options.pressure.committed();
    this.#options.afterCommit(connection);
  }

  /**
   * IMMEDIATE: a deferred transaction that reads first fails at once when it comes to write.
   * @returns null if others hold the lock, so that who got it goes on in the same step
   * @throws {StoreBusyError | StoreUnavailableError} if they still do at the deadline, or the disk fails
   */
  #tryBegin(durability: Durability, deadlineMs: number): Connection | null {
    const { connections, clock, afterBegin, pressure } = this.#options;
    const connection = connections[durability];
    try {
      connection.run("BEGIN IMMEDIATE");
      afterBegin(connection);
      pressure.began();
      return connection;
    } catch (error) {
      if (!isBusy(error) || clock.monotonic() >= deadlineMs) throw toStoreError(error);
      this.#share.metOthers();
      return null;
    }
  }

  #deadline(): number {
    return this.#options.clock.monotonic() + this.#options.busyDeadlineMs;
  }

  #untilNextTry(): Promise<void> {
    return sleep(BUSY_WAIT_MS.least + this.#options.random() * (BUSY_WAIT_MS.most - BUSY_WAIT_MS.least));
  }
}

/** Whether a commit of it costs less than a turn of the event loop. */
function isCheap(entry: Member | Pause): boolean {
  return "work" in entry && entry.work.kind === "write" && entry.durability === "normal";
}

async function runMember(connection: Connection, { work }: Member, turn: Turn): Promise<unknown> {
  if (work.kind === "write") return work.run(connection);
  const scope: TransactionScope = { isOpen: true };
  try {
    const value = await settledWithin(
      turn,
      runInScope(scope, () => work.run(connection, scope)),
    );
    assertInTransaction(connection);
    return value;
  } finally {
    scope.isOpen = false;
  }
}

function tell(parts: readonly Part[]): void {
  for (const part of parts) {
    if (part.isKept) part.member.resolve(part.value);
    else part.member.reject(part.error);
  }
}

function isLostForAll(error: unknown): boolean {
  return (
    error instanceof StoreBusyError ||
    error instanceof StoreUnavailableError ||
    error instanceof StoreRefusedError
  );
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
