import { statSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { StoreRefusedError } from "../errors.ts";
import type { Durability } from "../store.ts";
import type { Connection } from "./connection.ts";

/** What a path leads to: a name can be given to another file, these two numbers cannot while the file is open. */
export interface FileId {
  readonly dev: number;
  readonly ino: number;
}

export interface InPlaceCheckOptions {
  readonly path: string;
  /** The database as it was before the first connection opened it. */
  readonly database: FileId | undefined;
  /** The connections that write; at most one of them is in a transaction at a time. */
  readonly writers: readonly Connection[];
  readonly clock: Clock;
  /** Why this program is to keep off the tables by now, by a read beside the writers; null if it is not. */
  readonly refuseTables: () => StoreRefusedError | null;
  /** Told once, when the files are others than those that are open, or the tables newer than the program. */
  readonly onReplaced: (error: StoreRefusedError) => void;
}

/** A commit under NORMAL may be forgotten anyway, and three looks cost it a tenth; in milliseconds. */
const NORMAL_LOOK_MS = 100;
/** Whether the tables were migrated is asked so often, in milliseconds: a question per commit would cost every job. */
const TABLES_LOOK_MS = 100;
/** A process that writes nothing looks this often, in milliseconds. */
const IDLE_LOOK_MS = 1_000;

/**
 * Sees when the database, its log or its shared memory is deleted or replaced under the connections that have it open.
 * SQLite itself would go on writing into files that no name leads to any more, and acknowledge every commit. Only
 * `stat` is used: opening a file here would drop the locks that SQLite holds on it.
 *
 * And sees when a newer program has migrated the tables: what this one writes would be half of what they need, such as
 * counters that it knows nothing of.
 */
export class InPlaceCheck {
  readonly #options: InPlaceCheckOptions;
  readonly #opened: readonly { readonly path: string; readonly id: FileId | undefined }[];
  readonly #timer: NodeJS.Timeout;
  #lookedAtMs: number;
  #askedAtMs: number;
  #error: StoreRefusedError | null = null;

  /**
   * To be made when every connection is open and has read: from then on SQLite keeps all three files where they are.
   * @throws {StoreRefusedError} if the database was replaced while it was being opened
   */
  constructor(options: InPlaceCheckOptions) {
    const { path, database, clock } = options;
    this.#options = options;
    this.#opened = [
      { path, id: database },
      ...[`${path}-wal`, `${path}-shm`].map((beside) => ({ path: beside, id: fileIdOf(beside) })),
    ];
    assertSameFile(path, database);
    this.#lookedAtMs = this.#askedAtMs = clock.monotonic();
    this.#timer = setInterval(() => this.#lookIdle(), IDLE_LOOK_MS).unref();
  }

  /**
   * To be called inside each transaction, last of all before it commits.
   * @throws {StoreRefusedError} if the files were replaced or the tables migrated, for this transaction and every later
   *   one
   */
  beforeCommit(durability: Durability): void {
    const nowMs = this.#options.clock.monotonic();
    const isDue = durability === "full" || nowMs - this.#lookedAtMs >= NORMAL_LOOK_MS;
    if (isDue && !this.#error) this.#look(nowMs);
    if (nowMs - this.#askedAtMs >= TABLES_LOOK_MS && !this.#error) this.#ask(nowMs);
    if (this.#error) throw this.#error;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #lookIdle(): void {
    const nowMs = this.#options.clock.monotonic();
    try {
      this.#look(nowMs);
      if (!this.#error) this.#ask(nowMs);
    } catch {
      // A folder that cannot be looked into now (EACCES, EIO) proves no replacement, nor does a database that cannot be
      // read; the next commit meets it again.
    }
  }

  #look(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    const gone = this.#opened.find(({ path, id }) => !isSame(id, fileIdOf(path)));
    if (!gone) return;
    const now = fileIdOf(gone.path) ? "replaced by another file" : "deleted or moved";
    this.#refuse(
      new StoreRefusedError(
        `${gone.path} was ${now} while the database was open: nothing more is written, as it would be lost. ` +
          `${this.#saveLog()}Start the process again once the right files are in place`,
      ),
    );
  }

  #ask(nowMs: number): void {
    this.#askedAtMs = nowMs;
    const error = this.#options.refuseTables();
    if (error) this.#refuse(error);
  }

  #refuse(error: StoreRefusedError): void {
    this.stop();
    this.#error = error;
    // Once the transaction in hand is rolled back and its caller told.
    setImmediate(() => this.#options.onReplaced(error));
  }

  /**
   * Where only the log was deleted, and nobody has opened the database since (that would have made a new log), the
   * connections still see all that was committed: it is copied into the database before they close.
   * @returns a sentence for the operator
   */
  #saveLog(): string {
    const [database, log, memory] = this.#opened.map(({ path, id }) => {
      const now = fileIdOf(path);
      return now === undefined ? "gone" : isSame(id, now) ? "same" : "other";
    });
    if (database !== "same" || log !== "gone" || memory === "other") return "";
    return this.#options.writers.some((connection) => copyLog(connection))
      ? "What the log held was copied into the database first. "
      : "What the log held could not all be copied into the database. ";
  }
}

/** A row of `PRAGMA wal_checkpoint`, https://sqlite.org/pragma.html#pragma_wal_checkpoint. */
interface CheckpointResult {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** Copies what is committed from the log into the database; true if that was all of it. */
function copyLog({ database }: Connection): boolean {
  if (database.inTransaction) return false;
  try {
    const [result] = database.pragma("wal_checkpoint(PASSIVE)") as readonly CheckpointResult[];
    return result?.busy === 0 && result.log === result.checkpointed;
  } catch {
    // The log cannot be read or the disk not written: the message says that not all was saved.
    return false;
  }
}

/** Undefined where there is no such file. */
export function fileIdOf(path: string): FileId | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && { dev: found.dev, ino: found.ino };
}

/**
 * Refuses to go on with a file that has lost its name since it was first looked at.
 * @throws {StoreRefusedError}
 */
export function assertSameFile(path: string, id: FileId | undefined): void {
  if (isSame(id, fileIdOf(path))) return;
  throw new StoreRefusedError(`The database ${path} was replaced while it was being opened: start again`);
}

function isSame(one: FileId | undefined, other: FileId | undefined): boolean {
  return one?.dev === other?.dev && one?.ino === other?.ino;
}
