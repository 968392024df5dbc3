import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type Logger, pino } from "pino";
import { type Clock, systemClock } from "../clock.ts";
import type { JobCatalog, JobType } from "../define-job.ts";
import { describeError } from "../error-text.ts";
import { HandlerMissingError, OptionInvalidError } from "../errors.ts";
import type { ClaimedJob } from "../job.ts";
import { DEFAULT_LEASE_MS, type Queue } from "../queue.ts";
import type { Finish, FinishOutcome, Heartbeat, HeldJob } from "../store.ts";
import { type AnyHandler, executeJob, failed } from "./execute-job.ts";
import type { JobHandlers } from "./handler.ts";
import { Wake } from "./wake.ts";

export interface WorkerOptions<Jobs extends JobCatalog, Tables> {
  readonly queue: Queue<Jobs, Tables>;
  readonly handlers: JobHandlers<Jobs, Tables>;
  /** Which types this worker takes; all types that have a handler by default. */
  readonly types?: readonly JobType<Jobs>[];
  /** How many jobs run at a time; 10 by default. */
  readonly concurrency?: number;
  /** How long a silent worker keeps its jobs, in milliseconds; renewed every third of it; 30,000 by default. */
  readonly leaseMs?: number;
  /** How long `stop` waits for running jobs before it hands them back, in milliseconds; 25,000 by default. */
  readonly shutdownMs?: number;
  /** How often an idle worker looks for work, in milliseconds; 1,000 by default. */
  readonly pollMs?: number;
  /** Must be unique among all workers; made from host, process and a random tail by default. */
  readonly workerId?: string;
  readonly log?: Logger;
  readonly clock?: Clock;
}

interface Running {
  readonly job: ClaimedJob;
  readonly claimedAtMs: number;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** Claims jobs, runs their handlers and records the results, some at a time, until it is stopped. */
export class Worker {
  readonly id: string;
  readonly #queue: Queue;
  readonly #handlers: ReadonlyMap<string, AnyHandler>;
  readonly #concurrency: number;
  readonly #leaseMs: number;
  readonly #shutdownMs: number;
  readonly #pollMs: number;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #running = new Map<string, Running>();
  readonly #wake = new Wake();
  #heartbeat: Heartbeat | null = null;
  #loop: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;

  constructor(options: WorkerOptions<JobCatalog, unknown>) {
    const { concurrency = 10, leaseMs = DEFAULT_LEASE_MS, shutdownMs = 25_000, pollMs = 1_000 } = options;
    for (const [name, value] of Object.entries({ concurrency, leaseMs, pollMs })) {
      if (!Number.isInteger(value) || value < 1)
        throw new OptionInvalidError(`Worker: ${name} must be a whole number from 1, got ${value}`);
    }
    this.#queue = options.queue;
    this.#handlers = selectHandlers(options);
    this.#concurrency = concurrency;
    this.#leaseMs = leaseMs;
    this.#shutdownMs = shutdownMs;
    this.#pollMs = pollMs;
    this.#clock = options.clock ?? systemClock;
    this.id = options.workerId ?? `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
    this.#log = (options.log ?? pino({ enabled: false })).child({ workerId: this.id });
  }

  /** How many jobs run at this moment. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** The types this worker takes. */
  get types(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  start(): void {
    if (this.#loop) return;
    this.#heartbeat = this.#queue.store.heartbeat({
      workerId: this.id,
      leaseMs: this.#leaseMs,
      onBeat: (held, askedAtMs) => this.#reconcile(held, askedAtMs),
      onError: (error) => this.#log.error({ err: error }, "heartbeat failed"),
    });
    this.#loop = this.#claimUntilStopped();
    this.#log.info({ types: this.types, concurrency: this.#concurrency }, "worker started");
  }

  /**
   * Claims nothing more, waits for what runs, and hands back unspent what is still running at the deadline. May be
   * called more than once; all calls resolve together.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#wake.ring();
    await this.#loop;
    this.#log.info({ running: this.#running.size }, "worker stopping");
    const drained = Promise.all([...this.#running.values()].map((run) => run.ended));
    if (!(await settlesWithin(drained, this.#shutdownMs))) await this.#handBackAll();
    await this.#heartbeat?.stop();
    await this.#queue.store.retire(this.id);
    this.#log.info("worker stopped");
  }

  async #claimUntilStopped(): Promise<void> {
    while (!this.#stopping) {
      const free = this.#concurrency - this.#running.size;
      const claimed = free > 0 ? await this.#claim(free) : [];
      for (const job of claimed) this.#begin(job);
      if (this.#stopping) break;
      // All slots taken: the end of a run wakes us. Fewer jobs than slots: there are no more now.
      if (claimed.length < free || free <= 0) await this.#wake.wait(this.#pollMs);
    }
  }

  async #claim(limit: number): Promise<readonly ClaimedJob[]> {
    try {
      return await this.#queue.store.claim({
        workerId: this.id,
        types: this.types,
        limit,
        leaseMs: this.#leaseMs,
      });
    } catch (error) {
      this.#log.error({ err: error }, "claiming failed, will try again");
      return [];
    }
  }

  #begin(job: ClaimedJob): void {
    const abort = new AbortController();
    const log = this.#log.child({
      jobId: job.id,
      type: job.type,
      attempt: job.attempt,
      workflowId: job.workflowId,
    });
    const ended = this.#run(job, abort, log).finally(() => {
      this.#running.delete(job.id);
      if (this.#running.size === 0) this.#heartbeat?.hold(false);
      this.#wake.ring();
    });
    if (this.#running.size === 0) this.#heartbeat?.hold(true);
    this.#running.set(job.id, { job, claimedAtMs: this.#clock.monotonic(), abort, ended });
  }

  async #run(job: ClaimedJob, abort: AbortController, log: Logger): Promise<void> {
    const startedAtMs = this.#clock.monotonic();
    const handler = this.#handlers.get(job.type);
    if (!handler)
      throw new HandlerMissingError(`Job ${job.id} was claimed, but "${job.type}" has no handler`);
    const finish = await executeJob({ queue: this.#queue, handler, job, abort, log });
    const outcome = await this.#record(finish, log);
    const durationMs = Math.round(this.#clock.monotonic() - startedAtMs);
    if (!outcome) log.error("result could not be recorded; the job runs again when its lease has run out");
    else if (outcome.accepted) log.info({ status: outcome.status, durationMs }, "run ended");
    else log.warn({ durationMs }, "lease lost, result dropped");
  }

  /** Writes how the run ended. What the handler asked for may be what cannot be written: then the run has failed. */
  async #record(finish: Finish, log: Logger): Promise<FinishOutcome | null> {
    try {
      return await this.#finish(finish);
    } catch (error) {
      log.error({ err: error }, "recording the result failed");
      if (finish.verdict.verb !== "complete") return null;
      try {
        return await this.#finish(failed(this.#queue, this.#claimOf(finish), error, false, log));
      } catch (again) {
        log.error({ err: again }, "recording the failure failed too");
        return null;
      }
    }
  }

  #claimOf(finish: Finish): ClaimedJob {
    const running = this.#running.get(finish.job.id);
    if (!running) throw new Error(`Job ${finish.job.id} is not running here`);
    return running.job;
  }

  async #finish(finish: Finish): Promise<FinishOutcome> {
    const [outcome] = await this.#queue.store.finish([finish]);
    if (!outcome) throw new Error("The store answered one finish with none");
    return outcome;
  }

  /** Holds what the store says against what runs here: aborts runs that were cancelled or lost. */
  #reconcile(held: readonly HeldJob[], askedAtMs: number): void {
    const byId = new Map(held.map((job) => [job.id, job]));
    for (const { job, abort, claimedAtMs } of this.#running.values()) {
      const stored = byId.get(job.id);
      if (stored?.leaseToken === job.leaseToken) {
        if (stored.cancelRequested) abort.abort(new Error(`Job ${job.id} was cancelled`));
      } else if (claimedAtMs < askedAtMs) {
        // Not held any more, or finished a moment ago, when the signal no longer matters to anyone.
        abort.abort(new Error(`The lease on job ${job.id} was lost`));
      }
    }
  }

  async #handBackAll(): Promise<void> {
    const runs = [...this.#running.values()];
    for (const { abort } of runs) abort.abort(new Error("The worker is shutting down"));
    const finishes = runs.map(
      ({ job }): Finish => ({ job, verdict: { verb: "handBack" }, followUps: [], effects: [] }),
    );
    try {
      await this.#queue.store.finish(finishes);
      this.#log.warn({ jobs: runs.map(({ job }) => job.id) }, "deadline reached, running jobs handed back");
    } catch (error) {
      this.#log.error(
        { error: describeError(error) },
        "handing back failed; the jobs run again when the lease has run out",
      );
    }
  }
}

/** @throws {HandlerMissingError} listing the types without a handler */
function selectHandlers(options: WorkerOptions<JobCatalog, unknown>): ReadonlyMap<string, AnyHandler> {
  const handlers = options.handlers as Readonly<Record<string, AnyHandler | undefined>>;
  const types = options.types ?? Object.keys(handlers);
  const missing = types.filter((type) => !handlers[type]);
  const unknown = types.filter((type) => !options.queue.catalog.has(type));
  if (unknown.length > 0) throw new HandlerMissingError(`Not in the catalog: ${unknown.join(", ")}`);
  if (missing.length > 0)
    throw new HandlerMissingError(`These job types have no handler: ${missing.join(", ")}`);
  return new Map(types.flatMap((type) => (handlers[type] ? [[type, handlers[type]] as const] : [])));
}

async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Creates a worker; it does nothing until `start()`.
 * @throws {HandlerMissingError} if a type it should take has no handler
 * @example
 * const worker = createWorker({ queue, handlers: { send_welcome: async ({ userId }) => greet(userId) } });
 * worker.start();
 */
export function createWorker<const Jobs extends JobCatalog, Tables>(
  options: WorkerOptions<Jobs, Tables>,
): Worker {
  // The catalog's types have done their work at the call: inside, jobs are told apart by name at run time.
  return new Worker(options as unknown as WorkerOptions<JobCatalog, unknown>);
}
