import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, type JobStore, type Queue } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import { until } from "../system/until.ts";
import { KILL_JOBS, LEDGER, type LedgerTables, WITNESS_LINE_LENGTH } from "./kill-jobs.ts";
import { WorkerChild } from "./worker-child.ts";

/** How many jobs are in which state. */
export type Depths = Readonly<Record<string, number>>;

/** A database file, worker processes on it, and the file in which each run says that it began. */
export class KillBed {
  readonly folder: string;
  readonly store: JobStore<LedgerTables>;
  readonly queue: Queue<typeof KILL_JOBS, LedgerTables>;
  readonly #children: WorkerChild[] = [];

  private constructor(folder: string, store: JobStore<LedgerTables>) {
    this.folder = folder;
    this.store = store;
    this.queue = createQueue({ store, jobs: KILL_JOBS });
  }

  /** Opens a bed that is taken down, with its processes, when the test has ended. */
  static async open(): Promise<KillBed> {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-kill-"));
    const store = await openSqliteStore<LedgerTables>({
      path: join(folder, "jobs.db"),
      migrations: [LEDGER],
    });
    const bed = new KillBed(folder, store);
    onTestFinished(async () => {
      await Promise.all(bed.#children.filter((child) => child.isRunning).map((child) => child.kill()));
      await store.close();
      rmSync(folder, { recursive: true });
    });
    return bed;
  }

  startWorker(): WorkerChild {
    const child = new WorkerChild(this.folder);
    this.#children.push(child);
    return child;
  }

  /** How many runs have begun. */
  get runs(): number {
    const path = join(this.folder, "witness");
    return existsSync(path) ? statSync(path).size / WITNESS_LINE_LENGTH : 0;
  }

  /** How often each job was run, by its id. */
  get runsByJob(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const line of readFileSync(join(this.folder, "witness"), "utf8").trim().split("\n")) {
      const [jobId = ""] = line.split(" ");
      counts.set(jobId, (counts.get(jobId) ?? 0) + 1);
    }
    return counts;
  }

  /** Waits until nothing is left to do. */
  async drained(): Promise<void> {
    await until(
      async () => {
        const { queue } = await this.queue.stats();
        return queue.pending + queue.processing + queue.scheduled === 0;
      },
      () => `the queue is empty; ${this.runs} runs have begun`,
      120_000,
    );
  }

  depths(): Depths {
    return Object.fromEntries(
      this.sql<{ status: string; n: number }>("SELECT status, count(*) AS n FROM jobs GROUP BY status").map(
        ({ status, n }) => [status, n],
      ),
    );
  }

  /** Rows of a query, on a connection of its own. */
  sql<Row>(query: string): readonly Row[] {
    const database = new Database(join(this.folder, "jobs.db"), { readonly: true });
    try {
      return database.prepare<[], Row>(query).all();
    } finally {
      database.close();
    }
  }
}
