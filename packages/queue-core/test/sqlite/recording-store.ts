import { join } from "node:path";
import { createQueue } from "../../src/queue.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { SqliteStore } from "../../src/sqlite/sqlite-store.ts";
import { prepareConnection } from "../../src/sqlite/start-up-gate.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";
import type { TestQueue } from "../conformance/test-bed.ts";
import type { AppTables } from "../conformance/test-database.ts";
import { RecordingConnection } from "./recording-connection.ts";
import { createFolder } from "./sqlite-test-database.ts";

/** A store on a real file, with a queue over it, whose connections remember what they ran. */
export class RecordingStore {
  readonly clock = new FakeClock();
  readonly full: RecordingConnection;
  readonly normal: RecordingConnection;
  readonly reader: RecordingConnection;
  readonly store: SqliteStore<AppTables>;
  readonly queue: TestQueue;
  readonly #folder: ReturnType<typeof createFolder>;

  private constructor(folder: ReturnType<typeof createFolder>, path: string) {
    this.#folder = folder;
    const open = (synchronous: "FULL" | "NORMAL"): RecordingConnection => {
      const connection = new RecordingConnection(path);
      prepareConnection(connection, synchronous);
      return connection;
    };
    this.full = open("FULL");
    this.normal = open("NORMAL");
    this.reader = open("NORMAL");
    const { clock, full, normal, reader } = this;
    const settings = { path, clock, random: () => 0.5, busyDeadlineMs: 1_000 };
    this.store = new SqliteStore<AppTables>({ ...settings, full, normal, reader });
    this.queue = createQueue({ store: this.store, jobs: JOB_TYPES, clock });
  }

  static async open(): Promise<RecordingStore> {
    const folder = createFolder();
    const path = join(folder.path, "jobs.db");
    await (await openSqliteStore({ path })).close();
    return new RecordingStore(folder, path);
  }

  get connections(): readonly RecordingConnection[] {
    return [this.full, this.normal, this.reader];
  }

  /** Runs a verb and returns the statements that it ran, those of each connection in their order. */
  async statementsOf(verb: () => Promise<unknown>): Promise<readonly string[]> {
    for (const { statements } of this.connections) statements.length = 0;
    await verb();
    return this.connections.flatMap(({ statements }) => statements);
  }

  async close(): Promise<void> {
    await this.store.close();
    this.#folder.remove();
  }
}
