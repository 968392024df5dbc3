import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { TransactionClosedError } from "../errors.ts";
import type { Transaction } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { TransactionScope } from "./transaction-scope.ts";

/** A query builder for reads, on the read-only connection. */
export function readBuilder<Tables>(connection: Connection): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: dialectOver(connection, () => undefined) });
}

/** The application's end of an open transaction. */
export class SqliteTransaction<Tables = unknown> implements Transaction<Tables> {
  readonly sql: Kysely<Tables>;
  readonly #connection: Connection;
  readonly #scope: TransactionScope;

  constructor(connection: Connection, scope: TransactionScope) {
    this.#connection = connection;
    this.#scope = scope;
    this.sql = new Kysely<Tables>({ dialect: dialectOver(connection, () => this.#assertOpen()) });
  }

  /** The connection under it, for the store's own statements. */
  connection(): Connection {
    this.#assertOpen();
    return this.#connection;
  }

  #assertOpen(): void {
    if (this.#scope.isOpen) return;
    throw new TransactionClosedError(
      "This transaction has ended; use tx only inside its store.transaction callback",
    );
  }
}

function dialectOver(connection: Connection, beforeQuery: () => void): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SharedConnectionDriver(connection, beforeQuery),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Runs Kysely's queries on a connection that somebody else opened, began and will commit. */
class SharedConnectionDriver implements Driver {
  readonly #connection: SharedConnection;
  constructor(connection: Connection, beforeQuery: () => void) {
    this.#connection = new SharedConnection(connection, beforeQuery);
  }
  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
  beginTransaction(): Promise<void> {
    return refuseNesting();
  }
  commitTransaction(): Promise<void> {
    return refuseNesting();
  }
  rollbackTransaction(): Promise<void> {
    return refuseNesting();
  }
}

function refuseNesting(): never {
  throw new TransactionClosedError("Transactions begin with store.transaction, not on its query builder");
}

class SharedConnection implements DatabaseConnection {
  readonly #connection: Connection;
  readonly #beforeQuery: () => void;
  constructor(connection: Connection, beforeQuery: () => void) {
    this.#connection = connection;
    this.#beforeQuery = beforeQuery;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    this.#beforeQuery();
    const statement = this.#connection.prepare(sql);
    if (statement.reader) return { rows: statement.all(...parameters) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    this.#beforeQuery();
    for (const row of this.#connection.prepare(sql).iterate(...parameters)) yield { rows: [row as Row] };
  }
}
