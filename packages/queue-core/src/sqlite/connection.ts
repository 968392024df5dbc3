import Database from "better-sqlite3";
import { MadeClaimable } from "./made-claimable.ts";
import { planOnce } from "./plan-once.ts";

/** One SQLite connection with its prepared statements kept: preparing again costs more than most of our statements. */
export class Connection {
  readonly database: Database.Database;
  /** Since the last transaction began. */
  readonly madeClaimable = new MadeClaimable();
  readonly #statements = new Map<string, Database.Statement>();

  /** @param source path of the file, or a database that is open already */
  constructor(source: string | Database.Database, options: { readonly readonly?: boolean } = {}) {
    // Timeout 0: waiting for a lock inside SQLite blocks the event loop and is unfair between processes.
    this.database =
      typeof source === "string"
        ? new Database(source, { timeout: 0, readonly: options.readonly ?? false })
        : source;
  }

  /** The prepared statement for a text, taken as it is and made at its first use. */
  prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Row types are claims about our own SQL; STRICT tables hold them true. */
  all<Row>(sql: string, ...parameters: unknown[]): Row[] {
    return this.prepare(planOnce(sql)).all(...parameters) as Row[];
  }

  get<Row>(sql: string, ...parameters: unknown[]): Row | undefined {
    return this.prepare(planOnce(sql)).get(...parameters) as Row | undefined;
  }

  /** @returns how many rows changed */
  run(sql: string, ...parameters: unknown[]): number {
    return this.prepare(planOnce(sql)).run(...parameters).changes;
  }

  /** @returns the number of the row that was added */
  insert(sql: string, ...parameters: unknown[]): number {
    return Number(this.prepare(planOnce(sql)).run(...parameters).lastInsertRowid);
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }
}
