import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobStore, Queue } from "@holdfast/queue-core";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import { until } from "../system/until.ts";
import { KillChild, type Role } from "./kill-child.ts";
import { openKillQueue } from "./kill-handlers.ts";
import type { KILL_JOBS, LedgerTables } from "./kill-jobs.ts";
import type { KillSettings } from "./kill-settings.ts";
import { countRuns, witnessed } from "./witness.ts";

/** How many jobs are in which state. */
export type Depths = Readonly<Record<string, number>>;

export const CONCURRENCY = 10;
const LEASE_MS = 1_000;

/** How long another process may hold the write lock while it is not stopped, in milliseconds; it holds it for one. */
const LOCK_MS = 500;

/** A database file, processes on it, and the files in which they say what they do. */
export class KillBed {
  readonly folder: string;
  readonly store: JobStore<LedgerTables>;
  readonly queue: Queue<typeof KILL_JOBS, LedgerTables>;
  readonly #settings: KillSettings;
  readonly #children: KillChild[] = [];
  #supervising = true;

  private constructor(settings: KillSettings, { store, queue }: Awaited<ReturnType<typeof openKillQueue>>) {
    this.folder = settings.folder;
    this.store = store;
    this.queue = queue;
    this.#settings = settings;
  }

  /** Opens a bed that is taken down, with its processes, when the test has ended. */
  static async open(options: Partial<Omit<KillSettings, "folder">> = {}): Promise<KillBed> {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-kill-"));
    const { concurrency = CONCURRENCY, leaseMs = LEASE_MS, logLevel = "info" } = options;
    const bed = new KillBed({ folder, concurrency, leaseMs, logLevel }, await openKillQueue(folder));
    onTestFinished(async () => {
      bed.#supervising = false;
      await Promise.all(bed.running.map((child) => child.kill()));
      await bed.store.close();
      // The child of a killed worker may still be on its way out.
      rmSync(folder, { recursive: true, maxRetries: 10 });
    });
    return bed;
  }

  start(role: Role, { ownGroup = false } = {}): KillChild {
    const child = new KillChild(role, this.#settings, ownGroup);
    this.#children.push(child);
    return child;
  }

  startWorker(options: { readonly ownGroup?: boolean } = {}): KillChild {
    return this.start("worker", options);
  }

  /** Starts a worker and another one whenever that ends, as a service manager does. */
  superviseWorker(): void {
    const worker = this.startWorker();
    void worker.exited.then(() => {
      if (this.#supervising) this.superviseWorker();
    });
  }

  /** All processes that were started. */
  get children(): readonly KillChild[] {
    return this.#children;
  }

  get running(): readonly KillChild[] {
    return this.#children.filter((child) => child.isRunning);
  }

  /**
   * Stops a process between two of its transactions: one that is stopped inside holds the write lock until it goes on,
   * which is a fault of another kind.
   */
  freeze(child: KillChild): void {
    for (;;) {
      child.signal("SIGSTOP");
      if (this.#canWrite()) return;
      child.signal("SIGCONT");
    }
  }

  #canWrite(): boolean {
    const database = new Database(join(this.folder, "jobs.db"), { timeout: LOCK_MS });
    try {
      database.exec("BEGIN IMMEDIATE; ROLLBACK");
      return true;
    } catch (error) {
      if (error instanceof Database.SqliteError && error.code === "SQLITE_BUSY") return false;
      throw error;
    } finally {
      database.close();
    }
  }

  /** How many runs have begun. */
  get runs(): number {
    return countRuns(this.folder);
  }

  /** How often each job was run, by its id. */
  get runsByJob(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const [jobId = ""] of witnessed(this.folder, "runs"))
      counts.set(jobId, (counts.get(jobId) ?? 0) + 1);
    return counts;
  }

  /** How many runs were in a process of their own. */
  get runsAlone(): number {
    return this.runs - this.runsAmongOthers.length;
  }

  /** The jobs of all other runs. */
  get runsAmongOthers(): readonly string[] {
    return witnessed(this.folder, "runs").flatMap(([jobId = "", , how]) => (how === "among" ? [jobId] : []));
  }

  /** Waits until nothing is left to do. */
  async drained(withinMs = 120_000): Promise<void> {
    await until(
      () => this.isDrained(),
      () => `the queue is empty; ${this.runs} runs have begun`,
      withinMs,
    );
  }

  async isDrained(): Promise<boolean> {
    const { queue } = await this.queue.stats();
    return queue.pending + queue.processing + queue.scheduled === 0;
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
