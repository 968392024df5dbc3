import Database from "better-sqlite3";
import { type Clock, systemClock } from "../clock.ts";
import { Connection } from "../sqlite/connection.ts";
import { migrate } from "../sqlite/migrate.ts";
import { type MigrationSet, withQueueTables } from "../sqlite/migration-files.ts";
import { SqliteStore } from "../sqlite/sqlite-store.ts";
import type { JobStore } from "../store.ts";
import { InProcessHeartbeat } from "./in-process-heartbeat.ts";

/** A connection to a database that is shared: closing it leaves the database open. */
export class SharedConnection extends Connection {
  readonly #shared: Connection;

  constructor(shared: Connection) {
    super(shared.database);
    this.#shared = shared;
  }

  /** Every store runs the same statements, so they are prepared once for all. */
  override prepare(sql: string): Database.Statement {
    // On a connection of its own SQLite would say that the lock is taken; on a shared one it says something else.
    if (sql === "BEGIN IMMEDIATE" && this.database.inTransaction)
      throw new Database.SqliteError("database is locked", "SQLITE_BUSY");
    return this.#shared.prepare(sql);
  }

  override close(): void {}
}

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random?: () => number;
  /** The connection this store writes on; a `SharedConnection` by default. */
  readonly connect?: (shared: Connection) => Connection;
}

interface TableContent {
  readonly empty: Database.Statement;
  readonly fill: Database.Statement | null;
  readonly rows: readonly unknown[][];
}

/**
 * The queue's SQLite tables in memory, for tests. The stores opened on one database see each other's commits, as those
 * of several processes on one file do; the SQL is the driver's own, but nothing is written to a disk.
 */
export class MemoryDatabase {
  readonly database: Database.Database;
  readonly #shared: Connection;
  readonly #contents: readonly TableContent[];

  private constructor(shared: Connection) {
    this.#shared = shared;
    this.database = shared.database;
    this.#contents = readContents(shared.database);
  }

  /**
   * Creates a database with the queue's tables.
   * @param options.migrations the application's own tables
   */
  static async open(
    options: { readonly migrations?: readonly MigrationSet[] } = {},
  ): Promise<MemoryDatabase> {
    const shared = new Connection(":memory:");
    shared.database.pragma("foreign_keys = ON");
    await migrate(shared, withQueueTables(options.migrations), systemClock, 0);
    return new MemoryDatabase(shared);
  }

  /**
   * Opens a store; each stands for a process. Its heartbeat beats in this thread, so a handler that blocks the thread
   * loses its lease here.
   * @typeParam Tables the application's tables, for `store.transaction` and `store.read`
   */
  openStore<Tables = unknown>(options: MemoryStoreOptions = {}): JobStore<Tables> {
    const { clock = systemClock, random = Math.random } = options;
    const connect = options.connect ?? ((shared: Connection) => new SharedConnection(shared));
    const connection = connect(this.#shared);
    return new SqliteStore<Tables>({
      path: ":memory:",
      startHeartbeat: (heartbeat) => new InProcessHeartbeat(connection, clock, heartbeat),
      full: connection,
      normal: connection,
      reader: connection,
      clock,
      random,
      // Nobody else holds the lock: whoever meets it held would wait for ever.
      busyDeadlineMs: 0,
    });
  }

  /** Another connection to it, for the driver's own statements. */
  connect(): Connection {
    return new SharedConnection(this.#shared);
  }

  /** Takes the database back to what it was when it was opened: a few times faster than another one. */
  reset(): void {
    // Tables are emptied one by one, and rows that name each other may lie in two of them.
    this.database.pragma("foreign_keys = OFF");
    for (const { empty, fill, rows } of this.#contents) {
      empty.run();
      for (const row of rows) fill?.run(...row);
    }
    this.database.pragma("foreign_keys = ON");
  }

  close(): void {
    this.#shared.close();
  }
}

function readContents(database: Database.Database): readonly TableContent[] {
  const tables = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all();
  return tables.map((table) => {
    const rows = database.prepare<[], unknown[]>(`SELECT * FROM ${table}`).raw().all();
    const places = rows[0]?.map(() => "?").join(", ");
    return {
      empty: database.prepare(`DELETE FROM ${table}`),
      fill: places === undefined ? null : database.prepare(`INSERT INTO ${table} VALUES (${places})`),
      rows,
    };
  });
}
