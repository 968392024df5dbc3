import type Database from "better-sqlite3";
import { Connection } from "../../src/sqlite/connection.ts";

/** A connection that remembers the statements it ran, in order. */
export class RecordingConnection extends Connection {
  readonly statements: string[] = [];

  override prepare(sql: string): Database.Statement {
    this.statements.push(sql);
    return super.prepare(sql);
  }

  /** The lines of SQLite's plan for a statement, e.g. `SEARCH ready USING PRIMARY KEY (type=?)`. */
  planOf(sql: string): string[] {
    // Every parameter is left NULL: the plan does not depend on their values.
    const rows = this.database.prepare<[], { detail: string }>(
      `EXPLAIN QUERY PLAN ${sql.replaceAll(/\?|@\w+/g, "NULL")}`,
    );
    return rows.all().map(({ detail }) => detail);
  }
}
