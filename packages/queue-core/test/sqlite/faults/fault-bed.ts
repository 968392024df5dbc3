import { expect } from "vitest";
import { createQueue, type Queue } from "../../../src/queue.ts";
import { SqliteStore } from "../../../src/sqlite/sqlite-store.ts";
import { prepareConnection } from "../../../src/sqlite/start-up-gate.ts";
import type { Finish } from "../../../src/store.ts";
import { FakeClock } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import type { AppTables, Dump } from "../../conformance/test-database.ts";
import { findFaults } from "../invariants.ts";
import { createDatabaseFile, dumpTables, readDatabase } from "../sqlite-test-database.ts";
import { FaultPlan, FaultyConnection } from "./fault-plan.ts";

type FaultQueue = Queue<typeof JOB_TYPES, AppTables>;
type Claim = NonNullable<Awaited<ReturnType<FaultQueue["dequeue"]>>>;

/** A store on a real file whose statements can be made to fail, and a clock that is moved by hand. */
export class FaultBed {
  readonly plan = new FaultPlan();
  readonly clock = new FakeClock();
  readonly path: string;
  readonly store: SqliteStore<AppTables>;
  readonly queue: FaultQueue;
  readonly #remove: () => void;
  #isClosed = false;

  private constructor(path: string, remove: () => void) {
    this.path = path;
    this.#remove = remove;
    const open = (synchronous: "FULL" | "NORMAL", readonly = false): FaultyConnection => {
      const connection = new FaultyConnection(path, this.plan, { readonly });
      prepareConnection(connection, synchronous);
      return connection;
    };
    const [full, normal, reader] = [open("FULL"), open("NORMAL"), open("NORMAL", true)];
    const { clock } = this;
    const random = (): number => 0.5;
    this.store = new SqliteStore({ path, full, normal, reader, clock, random, busyDeadlineMs: 1_000 });
    this.queue = createQueue({ store: this.store, jobs: JOB_TYPES, clock, random });
  }

  static async open(): Promise<FaultBed> {
    const { path, remove } = await createDatabaseFile();
    return new FaultBed(path, remove);
  }

  /** Claims a job of a type that must be there, for worker-1. */
  async claim(type: (typeof JOB_TYPES)[number]["type"] = "mail"): Promise<Claim> {
    const claimed = await this.queue.dequeue("worker-1", { types: [type] });
    expect(claimed, `no job of type ${type} could be claimed`).not.toBeNull();
    return claimed as Claim;
  }

  async status(id: string): Promise<string> {
    return (await this.store.getJob(id))?.status ?? "gone";
  }

  async complete(job: Finish["job"], rest: Partial<Finish> = {}): Promise<unknown> {
    const verdict = { verb: "complete", result: null } as const;
    return this.store.finish([{ job, verdict, followUps: [], effects: [], ...rest }]);
  }

  /** Lets a job of type `fragile` fail, and those before it; returns the id of its dead letter. */
  async bury(jobId: string): Promise<string> {
    for (;;) {
      const claimed = await this.claim("fragile");
      await this.queue.failJob(claimed, new Error("no luck"));
      if (claimed.id === jobId) break;
    }
    const { items } = await this.store.listDeadLetters({ limit: 1_000 });
    return items.find(({ originalJobId }) => originalJobId === jobId)?.id ?? "not among the dead letters";
  }

  async noteExists(id: number): Promise<boolean> {
    const row = await this.store.read.selectFrom("note").select("id").where("id", "=", id).executeTakeFirst();
    return row !== undefined;
  }

  /** Every row there is, read on another connection. */
  dump(): Dump {
    return readDatabase(this.path, dumpTables);
  }

  /** What does not hold in the file, in words; the counters are recounted. */
  faults(): string[] {
    return readDatabase(this.path, (database) => {
      const counted = database
        .prepare<[], { type: string; counted: number; ran: number }>(
          `SELECT type, sum(completed) AS counted,
             (SELECT count(*) FROM finished f WHERE f.type = m.type AND f.status = 'completed') AS ran
           FROM minute_stat m GROUP BY type HAVING counted <> ran`,
        )
        .all();
      return [...findFaults(database), ...counted.map((row) => `miscounted runs: ${JSON.stringify(row)}`)];
    });
  }

  /** May be called again. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.plan.disarm();
    await this.store.close();
    this.#remove();
  }
}
