import { createRequire } from "node:module";
import type {
  CompiledQuery,
  ConnectionProvider,
  DatabaseConnection,
  Dialect,
  Driver,
  Kysely,
  QueryResult,
} from "kysely";
import { TransactionClosedError } from "../errors.ts";
import type { Transaction } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { Reader } from "./reader.ts";
import { assertInTransaction } from "./sqlite-error.ts";
import type { TransactionScope } from "./transaction-scope.ts";

/**
 * Loaded with the first query that is built, as it takes 27 MB: the queue's own statements need none of it, nor does a
 * worker whose handlers have no SQL.
 */
const kysely = once(() => createRequire(import.meta.url)("kysely") as typeof import("kysely"));
const adapter = once(() => new (kysely().SqliteAdapter)());
const compiler = once(() => new (kysely().SqliteQueryCompiler)());

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** A query builder for reads, on the read-only connection. */
export function readBuilder<Tables>(reader: Reader): Kysely<Tables> {
  return new (kysely().Kysely)<Tables>({ dialect: dialectOver((query) => reader.read(query)) });
}

/** The application's end of an open transaction. */
export class SqliteTransaction<Tables = unknown> implements Transaction<Tables> {
  readonly #connection: Connection;
  readonly #scope: TransactionScope;
  #sql: Kysely<Tables> | undefined;

  constructor(connection: Connection, scope: TransactionScope) {
    this.#connection = connection;
    this.#scope = scope;
  }

  get sql(): Kysely<Tables> {
    this.#sql ??= builderOver(async (query) => query(this.connection()));
    return this.#sql;
  }

  /** The connection under it, for the store's own statements. */
  connection(): Connection {
    this.#assertOpen();
    return this.#connection;
  }

  #assertOpen(): void {
    if (!this.#scope.isOpen) {
      throw new TransactionClosedError(
        "This transaction has ended; use tx only inside its store.transaction callback",
      );
    }
    assertInTransaction(this.#connection);
  }
}

/** Runs one query on a connection, at once or when that is free. */
type RunQuery = <Result>(query: (connection: Connection) => Result) => Promise<Result>;

/**
 * A builder for one transaction. Kysely makes of a dialect, for each builder anew, a driver that it starts and guards;
 * here all is shared but the connection, and a query waits for nothing but its own execution.
 */
function builderOver<Tables>(run: RunQuery): Kysely<Tables> {
  const connection = new SharedConnection(run);
  const provider: ConnectionProvider = { provideConnection: (use) => use(connection) };
  const dialect = dialectOver(run);
  return new (kysely().Kysely)<Tables>({
    config: { dialect },
    driver: dialect.createDriver(),
    executor: new (kysely().DefaultQueryExecutor)(compiler(), adapter(), provider),
    dialect,
  });
}

function dialectOver(run: RunQuery): Dialect {
  return {
    createAdapter: adapter,
    createDriver: () => new SharedConnectionDriver(run),
    createIntrospector: (db) => new (kysely().SqliteIntrospector)(db),
    createQueryCompiler: compiler,
  };
}

/** Runs Kysely's queries on a connection that somebody else opened, began and will commit. */
class SharedConnectionDriver implements Driver {
  readonly #connection: SharedConnection;
  constructor(run: RunQuery) {
    this.#connection = new SharedConnection(run);
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

/**
 * What begins or ends a transaction or a savepoint, behind blanks and comments. Others share the commit: to end it
 * would store what they did, and then do it again.
 */
const ENDS_TRANSACTION =
  /^(?:[\s;]|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE)\b/i;

class SharedConnection implements DatabaseConnection {
  readonly #run: RunQuery;
  constructor(run: RunQuery) {
    this.#run = run;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (ENDS_TRANSACTION.test(sql)) refuseNesting();
    return this.#run((connection) => {
      const statement = connection.prepare(sql);
      if (statement.reader) return { rows: statement.all(...parameters) as Row[] };
      const { changes, lastInsertRowid } = statement.run(...parameters);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    });
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    if (ENDS_TRANSACTION.test(sql)) refuseNesting();
    const rows = await this.#run((connection) => connection.prepare(sql).iterate(...parameters));
    for (const row of rows) yield { rows: [row as Row] };
  }
}
