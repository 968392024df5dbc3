import { expect } from "vitest";
import type { JobStore } from "../../src/index.ts";
import {
  createQueue,
  type DequeueOptions,
  type EnqueuedJob,
  type EnqueueOptions,
  type Queue,
} from "../../src/queue.ts";
import type { Finish, FinishOutcome, Verdict } from "../../src/store.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { JOB_TYPES } from "./job-types.ts";
import type { AppTables, CreateDatabase, TestDatabase } from "./test-database.ts";

export type TestStore = JobStore<AppTables>;
export type TestQueue = Queue<typeof JOB_TYPES, AppTables>;
type TestType = (typeof JOB_TYPES)[number]["type"];
export type TestClaim = NonNullable<Awaited<ReturnType<TestQueue["dequeue"]>>>;

/** What a process has: a store and the queue over it. */
export interface TestProcess {
  readonly store: TestStore;
  readonly queue: TestQueue;
}

/** A database with a queue on it, and a clock that is moved by hand. */
export class TestBed implements TestProcess {
  readonly clock = new FakeClock();
  readonly database: TestDatabase;
  readonly #stores: TestStore[] = [];
  #first: TestProcess | undefined;

  readonly #create: CreateDatabase;

  private constructor(database: TestDatabase, create: CreateDatabase) {
    this.database = database;
    this.#create = create;
  }

  static async open(create: CreateDatabase): Promise<TestBed> {
    const bed = new TestBed(await create(), create);
    bed.#first = await bed.openProcess();
    return bed;
  }

  /** Another test bed, with a database of its own. */
  openBeside(): Promise<TestBed> {
    return TestBed.open(this.#create);
  }

  /** Another store on the same database: what a second process would have. */
  async openProcess(clock: FakeClock = this.clock): Promise<TestProcess> {
    const store = await this.database.openStore(clock);
    this.#stores.push(store);
    // Half of its bound: every wait with jitter is known.
    return { store, queue: createQueue({ store, jobs: JOB_TYPES, clock, random: () => 0.5 }) };
  }

  get store(): TestStore {
    return this.#process().store;
  }

  get queue(): TestQueue {
    return this.#process().queue;
  }

  /** Adds a job of type `mail`. */
  add(settings: EnqueueOptions = {}): Promise<EnqueuedJob> {
    return this.queue.enqueue("mail", { n: 1 }, settings);
  }

  /** Claims a job that must be there. */
  async claim(workerId = "worker-1", options: DequeueOptions<TestType> = {}): Promise<TestClaim> {
    const claimed = await this.queue.dequeue(workerId, options);
    expect(claimed, "nothing could be claimed").not.toBeNull();
    return claimed as TestClaim;
  }

  /** Ends a run with a verdict, as a worker does. */
  async finish(job: Finish["job"], verdict: Verdict, rest: Partial<Finish> = {}): Promise<FinishOutcome> {
    const [outcome] = await this.store.finish([{ job, verdict, followUps: [], effects: [], ...rest }]);
    expect(outcome).toBeDefined();
    return outcome as FinishOutcome;
  }

  /** Adds a job of type `fragile` and lets its only attempt fail; returns the ids of job and dead letter. */
  async addDead(settings: EnqueueOptions = {}): Promise<{ readonly jobId: string; readonly deadId: string }> {
    const { id } = await this.queue.enqueue("fragile", { n: 1 }, settings);
    await this.queue.failJob(await this.claim("worker-1", { types: ["fragile"] }), new Error("no luck"));
    return { jobId: id, deadId: await this.deadIdOf(id) };
  }

  /** The id of a job's dead letter. */
  async deadIdOf(jobId: string): Promise<string> {
    const { items } = await this.store.listDeadLetters({ limit: 1_000 });
    const dead = items.find((item) => item.originalJobId === jobId);
    expect(dead, `job ${jobId} is not among the dead letters`).toBeDefined();
    return dead?.id ?? "";
  }

  /** The states of jobs, in the order asked for; `gone` for those that no longer exist. */
  states(...jobIds: readonly string[]): Promise<readonly string[]> {
    return Promise.all(jobIds.map((id) => this.#stateOf(id)));
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
    await this.database.remove();
  }

  async #stateOf(jobId: string): Promise<string> {
    const job = await this.store.getJob(jobId);
    if (job) return job.status;
    const { items } = await this.store.listDiscarded({ limit: 1_000 });
    return items.some(({ originalJobId }) => originalJobId === jobId) ? "discarded" : "gone";
  }

  #process(): TestProcess {
    if (!this.#first) throw new Error("The test bed is not open");
    return this.#first;
  }
}
