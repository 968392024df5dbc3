import Database from "better-sqlite3";
import { Connection } from "../../../src/sqlite/connection.ts";

/** What a statement fails with, and what SQLite has done by itself when it does. */
export interface FaultKind {
  readonly name: string;
  readonly code: string;
  /** On some errors (https://sqlite.org/lang_transaction.html) the whole transaction is rolled back before we hear. */
  readonly rollsBack: boolean;
  /** How many statements in a row fail: with two, the rollback that answers the first one reports an error as well. */
  readonly times: number;
  /** Statements that never fail. */
  readonly spares?: RegExp;
}

/** Lets the N-th statement fail that any connection of a store runs. */
export class FaultPlan {
  #left = Number.POSITIVE_INFINITY;
  #kind: FaultKind | null = null;
  #fired = 0;

  /** The statements that failed since the plan was made. */
  get fired(): number {
    return this.#fired;
  }

  /** @param nth counted from 1, from now on */
  arm(kind: FaultKind, nth: number): void {
    this.#kind = kind;
    this.#left = nth;
    this.#fired = 0;
  }

  disarm(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  /** Called before each statement; throws in its place if its turn has come. */
  strike(database: Database.Database, sql: string): void {
    const kind = this.#kind;
    if (kind?.spares?.test(sql)) return;
    this.#left -= 1;
    if (!kind || this.#left > 0 || this.#left <= -kind.times) return;
    this.#fired += 1;
    // Whatever a ROLLBACK reports, SQLite has left the transaction.
    const rollsBack = kind.rollsBack || sql === "ROLLBACK";
    if (rollsBack && database.inTransaction) database.exec("ROLLBACK");
    throw new Database.SqliteError(`injected: ${kind.name}`, kind.code);
  }
}

const RUNNING: ReadonlySet<string | symbol> = new Set(["run", "all", "get", "iterate"]);

/** A connection whose statements fail as its plan says. */
export class FaultyConnection extends Connection {
  readonly #plan: FaultPlan;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(path: string, plan: FaultPlan, options: { readonly readonly?: boolean } = {}) {
    super(path, options);
    this.#plan = plan;
  }

  override prepare(sql: string): Database.Statement {
    let faulty = this.#statements.get(sql);
    if (!faulty) {
      faulty = this.#makeFaulty(super.prepare(sql), sql);
      this.#statements.set(sql, faulty);
    }
    return faulty;
  }

  #makeFaulty(statement: Database.Statement, sql: string): Database.Statement {
    const { database } = this;
    const plan = this.#plan;
    return new Proxy(statement, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...parameters: unknown[]): unknown => {
          if (RUNNING.has(name)) plan.strike(database, sql);
          return Reflect.apply(value, target, parameters);
        };
      },
    });
  }
}
