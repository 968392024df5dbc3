import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { planOnce } from "../../src/sqlite/plan-once.ts";

describe("a statement that is planned once", () => {
  it("shows the planner neither compared values nor limits", () => {
    expect(planOnce("SELECT a FROM t WHERE a = ? AND b > ? AND c <= ? ORDER BY d LIMIT ? OFFSET ?")).toBe(
      "SELECT a FROM t WHERE a = +? AND b > +? AND c <= +? ORDER BY d LIMIT +? OFFSET +?",
    );
  });

  it("keeps what it inserts and selects", () => {
    expect(planOnce("INSERT INTO t VALUES (?, ?) RETURNING ?")).toBe(
      "INSERT INTO t VALUES (?, ?) RETURNING ?",
    );
  });

  it("finds the same rows through the same index, whatever the type of the value", () => {
    const database = new Database(":memory:");
    database.exec(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT) STRICT; CREATE INDEX by_name ON t (name)",
    );
    database.exec("INSERT INTO t VALUES (1, 'one'), (2, '2')");
    for (const [sql, value] of [
      ["SELECT id FROM t WHERE id = ?", 1],
      ["SELECT id FROM t WHERE id = ?", "2"],
      ["SELECT id FROM t WHERE name = ?", "one"],
      ["SELECT id FROM t WHERE name = ? ORDER BY id", 2],
      ["SELECT id FROM t ORDER BY id LIMIT ?", 1],
    ] as const) {
      const once = planOnce(sql);
      expect(database.prepare(once).all(value), sql).toEqual(database.prepare(sql).all(value));
      const planOf = (text: string) => database.prepare(`EXPLAIN QUERY PLAN ${text}`).all(value);
      expect(planOf(once), sql).toEqual(planOf(sql));
    }
  });
});
