import { join } from "node:path";
import Database from "better-sqlite3";
import { type Logger, pino } from "pino";
import { expect, onTestFinished } from "vitest";
import type { Attempt, DeadLetter, Job, JobHandlers, JobStore, Queue } from "../../src/index.ts";
import { createQueue, createWorker, type Worker, type WorkerOptions } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import type { AppTables } from "../conformance/test-database.ts";
import { findFaults } from "../sqlite/invariants.ts";
import { createFolder, NOTE_TABLES, readDatabase } from "../sqlite/sqlite-test-database.ts";
import { WORKER_JOBS } from "./job-types.ts";
import { until } from "./until.ts";

type Jobs = typeof WORKER_JOBS;
type BedOptions = Partial<Omit<WorkerOptions<Jobs, AppTables>, "queue" | "handlers" | "log">>;

/** One parsed line of the log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** Short, so that a beat, a third of it, comes soon after what a test did; long enough for a busy machine to keep. */
export const SHORT_LEASE_MS = 600;

/** A database file with a queue on it, workers over it, and what they log. */
export class WorkerBed {
  readonly path: string;
  readonly store: JobStore<AppTables>;
  readonly queue: Queue<Jobs, AppTables>;
  readonly lines: LogLine[] = [];
  readonly log: Logger = pino(
    { level: "trace" },
    { write: (line) => void this.lines.push(JSON.parse(line) as LogLine) },
  );
  readonly #workers: Worker[] = [];
  readonly #opened: JobStore<AppTables>[];

  private constructor(path: string, store: JobStore<AppTables>) {
    this.path = path;
    this.store = store;
    this.queue = createQueue({ store, jobs: WORKER_JOBS });
    this.#opened = [store];
  }

  /** Opens a bed that is taken down when the test has ended; what must hold in the database is checked then. */
  static async open(options: { readonly busyDeadlineMs?: number } = {}): Promise<WorkerBed> {
    const folder = createFolder();
    const path = join(folder.path, "jobs.db");
    const bed = new WorkerBed(path, await openSqliteStore({ path, migrations: [NOTE_TABLES], ...options }));
    onTestFinished(async () => {
      await bed.#close();
      const faults = readDatabase(path, findFaults);
      folder.remove();
      expect(faults).toEqual([]);
    });
    return bed;
  }

  /** Another store on the same file, as another process has it. */
  async openStore(): Promise<JobStore<AppTables>> {
    const store = await openSqliteStore<AppTables>({ path: this.path, migrations: [NOTE_TABLES] });
    this.#opened.push(store);
    return store;
  }

  /** A worker that has not been started. */
  createWorker(
    handlers: JobHandlers<Jobs, AppTables>,
    { queue = this.queue, ...options }: BedOptions & { queue?: Queue<Jobs, AppTables> } = {},
  ): Worker {
    // No pause to speak of between looks, and none at the end for handlers that a test has left hanging.
    const worker = createWorker({ queue, handlers, pollMs: 5, shutdownMs: 0, log: this.log, ...options });
    this.#workers.push(worker);
    return worker;
  }

  /** A worker at work. */
  work(handlers: JobHandlers<Jobs, AppTables>, options: BedOptions = {}): Worker {
    const worker = this.createWorker(handlers, options);
    worker.start();
    return worker;
  }

  async job(id: string): Promise<Job> {
    const job = await this.store.getJob(id);
    if (!job) throw new Error(`There is no job ${id}`);
    return job;
  }

  /** Waits until a job is in a state. */
  reaches(id: string, status: Job["status"]): Promise<Job> {
    return until(`job ${id} is ${status}`, async () => {
      const job = await this.store.getJob(id);
      return job?.status === status && job;
    });
  }

  attempts(id: string): Promise<readonly Attempt[]> {
    return this.store.attempts(id);
  }

  /** Waits until a job is among the dead letters. */
  dies(id: string): Promise<DeadLetter> {
    return until(`job ${id} is dead`, async () => {
      const { items } = await this.store.listDeadLetters({ limit: 100 });
      return items.find((dead) => dead.originalJobId === id);
    });
  }

  /** All jobs of a type, whatever became of them. */
  async jobsOf(type: Jobs[number]["type"]): Promise<readonly Job[]> {
    return (await this.store.listJobs({ type, limit: 100 })).items;
  }

  /** Waits for a line of the log. */
  logged(msg: string, jobId?: string): Promise<LogLine> {
    return until(`"${msg}" is logged`, () =>
      this.lines.find((line) => line.msg === msg && (jobId === undefined || line["jobId"] === jobId)),
    );
  }

  async notes(): Promise<readonly string[]> {
    const rows = await this.store.read.selectFrom("note").select("text").orderBy("id").execute();
    return rows.map((row) => row.text);
  }

  /** Takes the lease of a running job away behind its worker's back, as a rescuer does; the job is pending again. */
  async takeAway(jobId: string): Promise<void> {
    const { leaseToken } = await this.leaseOf(jobId);
    const verdict = { verb: "handBack" } as const;
    const finish = { job: { id: jobId, leaseToken }, verdict, followUps: [], effects: [] };
    expect(await this.store.finish([finish])).toEqual([{ accepted: true, status: "pending" }]);
  }

  /** The lease of a running job. */
  async leaseOf(jobId: string): Promise<{ readonly workerId: string; readonly leaseToken: number }> {
    const row = this.sql((database) =>
      database
        .prepare<[string], { worker_id: string; token: number }>(
          "SELECT r.worker_id, r.token FROM running r JOIN jobs j ON j.seq = r.seq WHERE j.id = ?",
        )
        .get(jobId),
    );
    if (!row) throw new Error(`Job ${jobId} is not running`);
    return { workerId: row.worker_id, leaseToken: row.token };
  }

  /** Looks into the database, or changes it, on a connection of its own. */
  sql<Result>(work: (database: Database.Database) => Result): Result {
    return readDatabase(this.path, work);
  }

  /** Holds the write lock, as another process would, until the returned function is called. */
  async lock(): Promise<() => void> {
    const database = new Database(this.path, { timeout: 0 });
    await until("the lock is free", () => {
      try {
        database.exec("BEGIN IMMEDIATE");
        return true;
      } catch (error) {
        if (error instanceof Database.SqliteError && error.code === "SQLITE_BUSY") return false;
        throw error;
      }
    });
    return () => database.close();
  }

  async #close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    for (const store of this.#opened) await store.close();
  }
}
