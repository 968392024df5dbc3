// Size: the loop, what it starts and what ends it share the sets of runs; each step they take has a file of its own.
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type Logger, pino } from "pino";
import { definitionOf } from "../catalog.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { JobCatalog, JobType } from "../define-job.ts";
import {
  HandlerMissingError,
  JobCancelledError,
  LeaseLostError,
  OptionInvalidError,
  WorkerStoppingError,
} from "../errors.ts";
import { FaultLog } from "../fault-log.ts";
import type { ClaimedJob } from "../job.ts";
import { type OptionNames, unknownOption } from "../known-options.ts";
import { UnreadablePayload } from "../payload.ts";
import type { Queue } from "../queue.ts";
import type { Bell, Finish, FinishOutcome, Heartbeat, HeldJob } from "../store.ts";
import { BatchClaims } from "./batch-claims.ts";
import { BatchSlots } from "./batch-slots.ts";
import type { ExecutedRun } from "./before-handler.ts";
import { CancelWatch } from "./cancel-watch.ts";
import { errorFacts } from "./error-facts.ts";
import { executeBatch } from "./execute-batch.ts";
import { executeJob } from "./execute-job.ts";
import { type AnyHandler, isBatchHandler, type JobHandlers } from "./handler.ts";
import { typeLog } from "./job-log.ts";
import { checkLeases, leaseKey } from "./lease-check.ts";
import { LoneRuns } from "./lone-runs.ts";
import { untilNextLook } from "./next-look.ts";
import { Recorder } from "./recorder.ts";
import { ReportRounds } from "./report-rounds.ts";
import { RescueRounds } from "./rescue-rounds.ts";
import { Run } from "./run.ts";
import { selectHandlers } from "./select-handlers.ts";
import { settlesWithin } from "./settles-within.ts";
import { listenForStrays } from "./stray-errors.ts";
import { restOfTurn, Wake } from "./wake.ts";
import { readLimits, type WorkerLimits } from "./worker-limits.ts";

export interface WorkerOptions<Jobs extends JobCatalog, Tables> extends Partial<WorkerLimits> {
  readonly queue: Queue<Jobs, Tables>;
  readonly handlers: JobHandlers<Jobs, Tables>;
  /** Which types this worker takes; all types that have a handler by default. */
  readonly types?: readonly JobType<Jobs>[];
  /** Must be unique among all workers; made from host, process and a random tail by default. */
  readonly workerId?: string;
  /** Gets a line for each run that ended or failed, and what handlers log; nothing is written by default. */
  readonly log?: Logger;
  readonly clock?: Clock;
  /**
   * A module that opens the same store, builds the same handlers and calls `serveIsolatedRun`. A job that was running
   * in a process that died runs there next, alone; after three deaths it goes to the dead letters. Without it such a
   * job runs among the others again, for as long as it likes to.
   */
  readonly isolatedEntry?: URL;
}

const OPTION_NAMES: OptionNames<WorkerOptions<JobCatalog, unknown>> = {
  queue: true,
  handlers: true,
  types: true,
  workerId: true,
  log: true,
  clock: true,
  isolatedEntry: true,
  concurrency: true,
  leaseMs: true,
  shutdownMs: true,
  pollMs: true,
};

interface Claims {
  readonly jobs: readonly ClaimedJob[];
  /** Of one type each, at most as many as there are slots left. */
  readonly batches: readonly (readonly ClaimedJob[])[];
}

const NO_CLAIMS: Claims = { jobs: [], batches: [] };

/** Claims jobs, runs their handlers and records the results, some at a time, until it is stopped. */
export class Worker {
  readonly id: string;
  readonly #queue: Queue;
  readonly #handlers: ReadonlyMap<string, AnyHandler>;
  readonly #lines: readonly string[];
  readonly #limits: WorkerLimits;
  readonly #log: Logger;
  readonly #faults: FaultLog;
  readonly #clock: Clock;
  /** By run and not by job: a job whose lease was lost may be claimed here again while its old run still goes on. */
  readonly #running = new Set<Run>();
  /** Those of them whose handlers have ended and whose ends are about to be written: their slots are free already. */
  readonly #leaving = new Set<Run>();
  readonly #slots = new BatchSlots();
  readonly #batches: BatchClaims | null;
  /** Of these one job is claimed for each slot. */
  readonly #singleTypes: readonly string[];
  readonly #wake = new Wake();
  readonly #giveUp = new AbortController();
  readonly #recorder: Recorder;
  readonly #rescues: RescueRounds;
  readonly #reports: ReportRounds;
  /** None without a module to run them in. */
  readonly #loneRuns: LoneRuns | null;
  #isBatchTurn = false;
  #hasBeaten = false;
  /** The bell rang since the last claim. */
  #isRungFor = false;
  #holding = false;
  #unknown: ReadonlySet<string> = new Set();
  #heartbeat: Heartbeat | null = null;
  #bell: Bell | null = null;
  #cancelWatch: CancelWatch | null = null;
  #stopListening: (() => void) | null = null;
  #loop: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  #allOver: PromiseWithResolvers<void> | null = null;

  constructor(options: WorkerOptions<JobCatalog, unknown>) {
    const problem = unknownOption(options, OPTION_NAMES);
    if (problem !== null) throw new OptionInvalidError(`Worker: ${problem}`);
    this.#limits = readLimits(options);
    this.#queue = options.queue;
    this.#handlers = selectHandlers(options);
    this.#lines = this.#queue.linesOf(this.types);
    this.#clock = options.clock ?? systemClock;
    this.id = options.workerId ?? `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
    this.#singleTypes = [...this.#handlers].flatMap(([type, each]) => (isBatchHandler(each) ? [] : type));
    const lease = { workerId: this.id, leaseMs: this.#limits.leaseMs };
    const hasBatches = this.#singleTypes.length < this.#handlers.size;
    this.#batches = hasBatches ? new BatchClaims(this.#queue, this.#handlers, lease) : null;
    this.#log = (options.log ?? pino({ enabled: false })).child({ workerId: this.id });
    this.#faults = new FaultLog(this.#log);
    this.#rescues = new RescueRounds({
      queue: this.#queue,
      clock: this.#clock,
      leaseMs: this.#limits.leaseMs,
      log: this.#log,
      faults: this.#faults,
    });
    this.#reports = new ReportRounds(this.#queue.store, this.#faults);
    const recording = { queue: this.#queue, faults: this.#faults, giveUp: this.#giveUp.signal };
    this.#loneRuns = options.isolatedEntry ? new LoneRuns(options.isolatedEntry, recording) : null;
    this.#recorder = new Recorder({
      ...recording,
      onRecorded: (run, outcome) => this.#over(run, outcome),
      onBroken: (run, error) => this.#breakOff(run, error),
      // Its slot is not free after all.
      onDelay: (run) => this.#leaving.delete(run),
    });
  }

  /** How many jobs run at this moment. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** The types this worker takes. */
  get types(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  /** Begins to claim; a second call does nothing, nor does one after `stop`. */
  start(): void {
    if (this.#loop || this.#stopping) return;
    this.#stopListening = listenForStrays();
    this.#heartbeat = this.#queue.store.heartbeat({
      workerId: this.id,
      leaseMs: this.#limits.leaseMs,
      lines: this.#lines,
      timeoutsMs: Object.fromEntries(
        this.types.map((type) => [type, definitionOf(this.#queue.catalog, type).timeoutMs]),
      ),
      onBeat: (held, newestToken) => this.#reconcile(held, newestToken),
      onError: (error) => this.#faults.failed("heartbeat", error),
    });
    this.#cancelWatch = new CancelWatch({
      store: this.#queue.store,
      workerId: this.id,
      pollMs: this.#limits.pollMs,
      onRequests: (requested) => this.#cancel(requested),
      onError: (error) => this.#log.error({ err: error }, "looking for cancel requests failed"),
    });
    this.#bell = this.#queue.store.bell({
      lines: this.#lines,
      onRing: () => {
        this.#isRungFor = true;
        this.#wake.ring();
      },
      onError: (error) => this.#log.warn({ err: error }, "no bell: looking for work now and then"),
    });
    this.#loop = this.#claimUntilStopped();
    this.#log.info({ types: this.types, concurrency: this.#limits.concurrency }, "worker started");
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
    this.#bell?.stop();
    const rescuesOver = this.#rescues.stop();
    this.#log.info({ running: this.#running.size }, "worker stopping");
    await this.#sayDraining();
    const isDrained = await settlesWithin(this.#drained(), this.#limits.shutdownMs);
    // The last try of those that wait to be recorded: it stands in line before they are handed back with the others.
    this.#giveUp.abort();
    await restOfTurn();
    if (!isDrained) await this.#handBackRunning();
    // A claim that was under way at the deadline: what it brings is handed back before this worker is gone.
    await this.#loop;
    await rescuesOver;
    await this.#reports.stop();
    this.#cancelWatch?.stop();
    await this.#heartbeat?.stop();
    await this.#retire();
    this.#stopListening?.();
    this.#log.info("worker stopped");
  }

  async #retire(): Promise<void> {
    try {
      await this.#queue.store.retire(this.id);
    } catch (error) {
      this.#log.warn({ err: error }, "this worker will be listed until others forget it");
    }
  }

  /** From here on being killed is part of the stop and no job's doing. */
  async #sayDraining(): Promise<void> {
    try {
      await this.#queue.store.drain(this.id);
    } catch (error) {
      this.#log.error({ err: error }, "the beginning of the stop could not be noted");
    }
  }

  async #drained(): Promise<void> {
    await this.#loop;
    if (this.#isAtRest) return;
    this.#allOver = Promise.withResolvers();
    await this.#allOver.promise;
  }

  async #claimUntilStopped(): Promise<void> {
    // Its thread takes a while to start: a lease that nobody renews yet is not taken out.
    while (!this.#hasBeaten && !this.#stopping) await this.#wake.wait(this.#limits.pollMs);
    while (!this.#stopping) {
      await this.#rescues.ifDue();
      if (this.#stopping) break;
      const free = this.#limits.concurrency - (this.#running.size - this.#leaving.size - this.#slots.spared);
      // In the commit of the claim that fills their slots.
      this.#recorder.flush();
      const found = free > 0 ? await this.#claimBoth(free) : NO_CLAIMS;
      const { jobs: claimed, batches } = found ?? NO_CLAIMS;
      if (this.#stopping) {
        await this.#handBack([...claimed, ...batches.flat()]);
        break;
      }
      this.#begin(claimed);
      for (const batch of batches) this.#beginBatch(batch);
      // A batch that was run may have another behind it.
      if (batches.length > 0 || (free > 0 && claimed.length === free)) continue;
      // All slots taken: the end of a run wakes us. Fewer jobs than slots: there are no more now.
      if (free <= 0) this.#bell?.takeDown();
      // What came while the bell did not hang was not rung for.
      else if (this.#bell?.hang()) continue;
      // Not as soon as the last run ends: between one batch and the next the heartbeat would be told twice.
      if (this.#running.size === 0) this.#hold(false);
      const { pollMs } = this.#limits;
      // After a claim that failed what is due stays due: no sooner than the poll.
      const isIdle = free > 0 && found !== null;
      await this.#wake.wait(isIdle ? await this.#untilNextLook() : pollMs);
      // Runs that are recorded together end together: one claim for all their slots, not one for the first's.
      await restOfTurn();
    }
  }

  /** Null if it failed. */
  async #claim(limit: number): Promise<readonly ClaimedJob[] | null> {
    const { leaseMs } = this.#limits;
    const isRungFor = this.#isRungFor;
    this.#isRungFor = false;
    try {
      const request = { workerId: this.id, types: this.#singleTypes, limit, leaseMs, isRungFor };
      const claimed = await this.#queue.claim(request);
      this.#faults.works("claiming");
      return claimed;
    } catch (error) {
      this.#faults.failed("claiming", error);
      return null;
    }
  }

  /** Null if it failed. Who comes first takes turns, so that neither kind has all slots. */
  async #claimBoth(free: number): Promise<Claims | null> {
    if (!this.#batches) {
      const jobs = await this.#claim(free);
      return jobs && { jobs, batches: [] };
    }
    this.#isBatchTurn = !this.#isBatchTurn;
    const first = this.#isBatchTurn ? await this.#claimBatches(this.#batches, free) : [];
    const jobs = free > first.length ? await this.#claim(free - first.length) : [];
    const left = free - first.length - (jobs?.length ?? 0);
    const batches = this.#isBatchTurn ? first : await this.#claimBatches(this.#batches, left);
    return jobs || batches.length > 0 ? { jobs: jobs ?? [], batches } : null;
  }

  async #claimBatches(from: BatchClaims, slots: number): Promise<Claims["batches"]> {
    if (slots <= 0) return [];
    try {
      return await from.claim(slots);
    } catch (error) {
      this.#faults.failed("claiming", error);
      return [];
    }
  }

  async #untilNextLook(): Promise<number> {
    const { pollMs } = this.#limits;
    const ms = await untilNextLook(this.#queue.store, this.#lines, pollMs);
    if (!this.#batches) return ms;
    try {
      return Math.min(ms, Math.max(1, (await this.#batches.untilNext()) ?? pollMs));
    } catch {
      // The claim that comes next meets the same fault, and says so.
      return pollMs;
    }
  }

  /** A handler may block this thread from its first line on, so all that was claimed is in place before one begins. */
  #begin(claimed: readonly ClaimedJob[]): void {
    if (claimed.length === 0) return;
    this.#hold(true);
    const runs = claimed.map((job) => new Run(job, this.#log, this.#queue.catalog));
    for (const run of runs) this.#running.add(run);
    for (const run of runs) this.#start(run);
  }

  #beginBatch(jobs: readonly ClaimedJob[]): void {
    this.#hold(true);
    const runs = jobs.map((job) => new Run(job, this.#log, this.#queue.catalog));
    for (const run of runs) this.#running.add(run);
    const call = this.#slots.add(runs);
    const together = runs.filter((run) => !this.#runsAlone(run.job));
    for (const run of runs) {
      if (this.#runsAlone(run.job)) this.#start(run);
      else run.startedAtMs = this.#clock.monotonic();
    }
    const type = jobs[0]?.type ?? "";
    const handler = this.#handlers.get(type);
    if (!handler || !isBatchHandler(handler) || together.length === 0) {
      this.#slots.returned(call);
      return;
    }
    executeBatch({
      queue: this.#queue,
      handler,
      members: together,
      abort: call.abort,
      run: { log: typeLog(this.#log, this.#queue.catalog, { type, batch: together.length }) },
      rounds: this.#reports,
      onEnd: (run, executed) => this.#leave(run, executed),
      onBroken: (run, error) => this.#breakOff(run, error),
      onReturn: () => {
        this.#slots.returned(call);
        this.#wake.ring();
        if (this.#isAtRest) this.#allOver?.resolve();
      },
    });
  }

  /** A payload that no handler will see harms nobody, and would not survive the way to another process. */
  #runsAlone(job: ClaimedJob): boolean {
    return job.suspect && this.#loneRuns !== null && !(job.payload instanceof UnreadablePayload);
  }

  /** Says whether anything runs here. */
  #hold(holding: boolean): void {
    if (holding === this.#holding) return;
    this.#holding = holding;
    this.#cancelWatch?.hold(holding);
    this.#heartbeat?.hold(holding);
  }

  #start(run: Run): void {
    const { job, abort } = run;
    run.startedAtMs = this.#clock.monotonic();
    try {
      const handler = this.#handlers.get(job.type);
      if (!handler)
        throw new HandlerMissingError(`Job ${job.id} was claimed, but "${job.type}" has no handler`);
      if (this.#loneRuns && this.#runsAlone(job)) {
        this.#recorder.tell(run, this.#loneRuns.run(run));
        return;
      }
      const executed = executeJob({ queue: this.#queue, handler, job, abort, run, rounds: this.#reports });
      if (executed instanceof Promise)
        executed.then(
          (end) => this.#leave(run, end),
          (error: unknown) => this.#breakOff(run, error),
        );
      else this.#leave(run, executed);
    } catch (error) {
      this.#breakOff(run, error);
    }
  }

  /** Its handler has ended: the slot is free, and how it ended is written with the next claim. */
  #leave(run: Run, executed: ExecutedRun): void {
    // What it asks for may be SQL of its own, which has a transaction of its own.
    if (executed.finish.effects.length > 0) {
      this.#recorder.record(run, executed);
      return;
    }
    this.#leaving.add(run);
    this.#slots.leave(run);
    this.#recorder.add(run, executed);
    this.#wake.ring();
  }

  #over(run: Run, outcome: FinishOutcome | null): void {
    // Nearly every run ends here: where nobody reads of it nothing is put together for it.
    if (!outcome?.accepted || this.#log.isLevelEnabled("info")) {
      const durationMs = Math.round(this.#clock.monotonic() - run.startedAtMs);
      const { log } = run;
      if (!outcome) log.error({ durationMs }, "how the run ended is not recorded; its job will run again");
      else if (outcome.accepted) log.info({ status: outcome.status, durationMs }, "run ended");
      else log.warn({ durationMs }, "lease lost, result dropped");
    }
    this.#forget(run);
  }

  #breakOff(run: Run, error: unknown): void {
    run.log.error(errorFacts(error), "run broke off, its job will be handed back");
    this.#forget(run);
  }

  #forget(run: Run): void {
    this.#slots.leave(run);
    const hadLeft = this.#leaving.delete(run);
    this.#running.delete(run);
    if (!hadLeft || this.#running.size === 0) this.#wake.ring();
    if (this.#isAtRest) this.#allOver?.resolve();
  }

  get #isAtRest(): boolean {
    return this.#running.size === 0 && this.#slots.isEmpty;
  }

  /** Holds what the store says against what runs here. */
  #reconcile(held: readonly HeldJob[], newestToken: number): void {
    this.#faults.works("heartbeat");
    if (!this.#hasBeaten) this.#wake.ring();
    this.#hasBeaten = true;
    const { lost, unknown } = checkLeases(this.#running, held, newestToken);
    this.#cancel(held.filter((job) => job.cancelRequested));
    for (const run of lost) run.stop(new LeaseLostError(run.job.id));
    // Seen once it may be a claim that is just coming in. Seen twice it is a run whose end could not be recorded, or
    // one of an earlier process with this worker's id: our beat would keep it for ever.
    const stranded = unknown.filter((job) => this.#unknown.has(leaseKey(job)));
    this.#unknown = new Set(unknown.map(leaseKey));
    if (stranded.length > 0) void this.#handBack(stranded);
  }

  #cancel(requested: readonly HeldJob[]): void {
    const keys = new Set(requested.map(leaseKey));
    for (const run of this.#running)
      if (keys.has(leaseKey(run.job))) run.stop(new JobCancelledError(`Job ${run.job.id} was cancelled`));
  }

  async #handBackRunning(): Promise<void> {
    const runs = [...this.#running];
    for (const run of runs) run.stop(new WorkerStoppingError("The worker stops: the job was handed back"));
    this.#slots.abort(new WorkerStoppingError("The worker stops"));
    // What they told last, while they still hold their leases.
    await this.#reports.flush();
    await this.#handBack(runs.map(({ job }) => job));
  }

  /** Gives up jobs unspent. */
  async #handBack(jobs: readonly Finish["job"][]): Promise<void> {
    if (jobs.length === 0) return;
    const ids = jobs.map((job) => job.id);
    const verdict = { verb: "handBack" } as const;
    try {
      const outcomes = await this.#queue.store.finish(
        jobs.map((job) => ({ job, verdict, followUps: [], effects: [] })),
      );
      for (const outcome of outcomes) if ("error" in outcome) throw outcome.error;
      const jobIds = ids.filter((_, i) => outcomes[i]?.accepted);
      if (jobIds.length > 0) this.#log.warn({ jobIds }, "jobs handed back");
    } catch (err) {
      this.#log.error({ err, jobIds: ids }, "handing back failed; the jobs run again when the lease is over");
    }
  }
}

/**
 * Creates a worker; it does nothing until `start()`.
 * @throws {HandlerMissingError | EncryptionKeyMissingError} if a type has no handler or no key, or it should take none
 * @throws {OptionInvalidError} if a number is out of range
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
