import { join } from "node:path";
import { prepareConnection } from "../../src/sqlite/start-up-gate.ts";
import { Writer, type WriterOptions } from "../../src/sqlite/writer.ts";
import type { Durability } from "../../src/store.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { RecordingConnection } from "./recording-connection.ts";
import { createFolder } from "./sqlite-test-database.ts";

/** A writer over two real connections, with two tables: `entry` and what memory kept for each commit, `counted`. */
export class WriterBed {
  readonly #folder = createFolder();
  readonly clock = new FakeClock();
  readonly connections: Record<Durability, RecordingConnection>;
  readonly writer: Writer;
  /** What the store keeps in memory for the transaction under way. */
  readonly pending: string[] = [];
  readonly pressure: { -readonly [Key in keyof WriterOptions["pressure"]]: WriterOptions["pressure"][Key] } =
    {
      pauseMs: () => 0,
      began: () => undefined,
      committed: () => undefined,
    };

  constructor() {
    this.connections = { full: this.#open("FULL"), normal: this.#open("NORMAL") };
    this.connections.full.database.exec(
      `CREATE TABLE entry (text TEXT PRIMARY KEY) STRICT; CREATE TABLE counted (text TEXT) STRICT;
       CREATE TABLE child (parent TEXT REFERENCES entry DEFERRABLE INITIALLY DEFERRED) STRICT`,
    );
    const { pending } = this;
    this.writer = new Writer({
      connections: this.connections,
      clock: this.clock,
      random: () => 0.5,
      busyDeadlineMs: 1_000,
      afterBegin: () => pending.splice(0),
      atSavepoint: () => {
        const kept = pending.length;
        return () => pending.splice(kept);
      },
      pressure: this.pressure,
      afterCommit: () => undefined,
      beforeCommit: (connection) => {
        for (const text of pending) connection.run("INSERT INTO counted VALUES (?)", text);
      },
    });
  }

  add(text: string, durability: Durability = "normal"): Promise<string> {
    return this.writer.write(durability, (connection) => {
      this.pending.push(text);
      connection.run("INSERT INTO entry VALUES (?)", text);
      return text;
    });
  }

  commits(durability: Durability): number {
    return this.connections[durability].statements.filter((sql) => sql === "COMMIT").length;
  }

  rowsOf(table: string): unknown[] {
    return this.connections.full.database.prepare(`SELECT text FROM ${table} ORDER BY rowid`).pluck().all();
  }

  async close(): Promise<void> {
    await this.writer.idle();
    this.connections.full.close();
    this.connections.normal.close();
    this.#folder.remove();
  }

  #open(synchronous: "FULL" | "NORMAL"): RecordingConnection {
    const connection = new RecordingConnection(join(this.#folder.path, "w.db"));
    prepareConnection(connection, synchronous);
    return connection;
  }
}
