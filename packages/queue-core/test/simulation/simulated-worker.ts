import { JobCancelledError, LeaseLostError, WorkerStoppingError } from "../../src/errors.ts";
import { FaultLog } from "../../src/fault-log.ts";
import type { ClaimedJob } from "../../src/job.ts";
import type { Queue } from "../../src/queue.ts";
import { beatOnce, type HeldRun } from "../../src/sqlite/beat.ts";
import { endHungRuns } from "../../src/sqlite/end-hung-runs.ts";
import type { HeldJob } from "../../src/store.ts";
import type { ExecutedRun } from "../../src/worker/before-handler.ts";
import { crashRun } from "../../src/worker/fail-run.ts";
import { checkLeases, leaseKey } from "../../src/worker/lease-check.ts";
import { recordFinish } from "../../src/worker/record-finish.ts";
import { BATCH, SINGLE_TYPES, TYPES } from "./job-types.ts";
import { type FinishOperation, finishOperation } from "./operation.ts";
import { SimulatedBatch } from "./simulated-batch.ts";
import type { Performed, SimulatedProcess } from "./simulated-process.ts";
import { LOG, SimulatedRun } from "./simulated-run.ts";
import type { Asked, World } from "./world.ts";

/** With it every try is the last one: when to try again is a step of the simulation. */
const GIVE_UP = AbortSignal.abort();

const FAULT_LOG = new FaultLog(LOG);

/** A worker process without its own loop and timers: what it does next is a step of the simulation. */
export class SimulatedWorker {
  readonly process: SimulatedProcess;
  readonly runs = new Set<SimulatedRun>();
  /** Stopped by a signal, or with its whole machine; it knows nothing of it. */
  isFrozen = false;
  isDraining = false;
  /** A worker claims in a loop, so never twice at once. */
  isClaiming = false;
  readonly #world: World;
  #unknown: ReadonlySet<string> = new Set();
  #children = 0;

  constructor(world: World, process: SimulatedProcess) {
    this.#world = world;
    this.process = process;
  }

  get id(): string {
    return this.process.name;
  }

  get isActive(): boolean {
    return this.process.isAlive && !this.isFrozen;
  }

  async claim(limit: number): Promise<readonly ClaimedJob[]> {
    const runs = await this.#claim(SINGLE_TYPES, { limit });
    for (const run of runs) await run.begin();
    return runs.map(({ job }) => job);
  }

  /** Suspects run alone, the others together. */
  async claimBatch(): Promise<readonly ClaimedJob[]> {
    const { type, size: limit, lingerMs } = BATCH;
    const runs = await this.#claim([type], { limit, lingerMs });
    const together = runs.filter(({ job }) => !job.suspect);
    for (const run of runs) if (run.job.suspect) await run.begin();
    if (together.length > 0) await new SimulatedBatch().begin(together, this.process);
    return runs.map(({ job }) => job);
  }

  async #claim(types: readonly string[], ask: Asked): Promise<readonly SimulatedRun[]> {
    const { process } = this;
    const lines = process.queue.linesOf(types);
    const operation = { kind: "claim", workerId: this.id, types, lines } as const;
    const begun = process.connection.begun;
    const mayWrite = this.#world.mayClaimWrite();
    const { leaseMs } = this.#world;
    this.isClaiming = true;
    const claim = await process.perform(operation, () =>
      process.queue.claim({ workerId: this.id, types, leaseMs, ...ask }),
    );
    this.isClaiming = false;
    if (!claim.done) return [];
    const jobs = claim.result;
    // What was set aside before may have been let through, and nobody's claim has taken it yet.
    this.#world.checkClaim(operation, jobs, ask, mayWrite ? 0 : process.connection.begun - begun);
    const runs = jobs.map((job) => new SimulatedRun(job, job.suspect ? this.#fork() : process));
    for (const run of runs) this.runs.add(run);
    return runs;
  }

  #fork(): SimulatedProcess {
    this.#children += 1;
    return this.#world.startProcess(`${this.id}-child-${this.#children}`, this.process.isOlder);
  }

  /** What the heartbeat's thread does, and the main thread when it hears of it. */
  async beat(): Promise<void> {
    const beaten = await this.#beatOnce();
    if (!beaten.done) return;
    const { held, newestToken } = beaten.result;
    const { lost, unknown } = checkLeases(this.runs, held, newestToken);
    for (const run of lost) {
      this.#world.checkLost(run.job, "a beat");
      run.abort.abort(new LeaseLostError(run.job.id));
    }
    const stranded = unknown.filter((job) => this.#unknown.has(leaseKey(job)));
    this.#unknown = new Set(unknown.map(leaseKey));
    await this.#handBack(stranded);
  }

  #beatOnce(): Promise<Performed<ReturnType<typeof beatOnce>>> {
    const { process, id } = this;
    const { clock, leaseMs } = this.#world;
    return process.perform({ kind: "beat", workerId: id }, async () =>
      beatOnce(process.connection, { id, leaseMs, lines: process.queue.linesOf(TYPES) }, clock.now()),
    );
  }

  /** Tells runs that somebody asked to cancel. */
  async lookForCancels(): Promise<void> {
    const { process } = this;
    const looked = await process.perform({ kind: "presence" }, () => process.store.cancelRequests(this.id));
    const requested = new Set(looked.done ? looked.result.map(leaseKey) : []);
    for (const run of this.runs)
      if (requested.has(leaseKey(run.job))) run.abort.abort(new JobCancelledError("cancelled"));
  }

  /** Writes how a run ended; one that cannot be written is tried again or forgotten, as chance has it. */
  async record(run: SimulatedRun): Promise<void> {
    const { executed, host } = run;
    if (!executed) return;
    const recorder = host.isAlive ? host : this.process;
    const operation = finishOperation(run, executed);
    const recorded = await recorder.perform(operation, () => recordWith(recorder, executed));
    if (!recorded.done || (recorded.result === null && this.#world.choices.percent(70))) return;
    this.runs.delete(run);
    if (recorded.result) this.#world.checkFinish(operation, recorded.result);
  }

  /** The child died in which a run had itself to itself. */
  childDied(run: SimulatedRun): void {
    const { job } = run;
    const queue = this.process.queue as unknown as Queue;
    run.executed = run.abort.isAborted
      ? { job, finish: { job, verdict: { verb: "handBack" }, followUps: [], effects: [] } }
      : { job, finish: crashRun(queue, job, "signal SIGKILL", LOG) };
  }

  async drain(): Promise<void> {
    this.isDraining = true;
    await this.process.perform({ kind: "presence" }, () => this.process.store.drain(this.id));
  }

  /** The deadline of the stop has come: what still runs is handed back, and the worker is gone. */
  async stop(): Promise<void> {
    const runs = [...this.runs];
    for (const run of runs) run.abort.abort(new WorkerStoppingError("the worker stops"));
    await this.#handBack(runs.map(({ job }) => job));
    await this.process.perform({ kind: "presence" }, () => this.process.store.retire(this.id));
  }

  /**
   * The main thread is blocked for good: at a beat the heartbeat's thread finds the runs that are past their time, ends
   * them, hands the others back and kills the process. What fails is tried again at another beat.
   */
  async hang(isOverdue: (run: HeldRun) => boolean): Promise<void> {
    const { process, id: workerId } = this;
    const beaten = await this.#beatOnce();
    if (!beaten.done) return;
    const overdue = beaten.result.held.filter(isOverdue);
    const nowMs = this.#world.clock.now();
    const ended = await process.perform({ kind: "endHungRuns", workerId, overdue }, async () =>
      endHungRuns(process.connection, { workerId, overdue, isSilent: () => true, nowMs }),
    );
    if (ended.done) process.connection.kill();
  }

  async #handBack(jobs: readonly Pick<HeldJob, "id" | "leaseToken">[]): Promise<void> {
    await Promise.all(
      jobs.map(async (job) => {
        const operation: FinishOperation = {
          kind: "finish",
          jobId: job.id,
          leaseToken: job.leaseToken,
          verbs: ["handBack"],
          isInvalid: false,
          followUps: [],
          note: null,
        };
        const { store } = this.process;
        const finish = { job, verdict: { verb: "handBack" }, followUps: [], effects: [] } as const;
        const answer = await this.process.perform(operation, () => store.finish([finish]));
        if (answer.done && answer.result[0]) this.#world.checkFinish(operation, answer.result[0]);
      }),
    );
  }
}

function recordWith(process: SimulatedProcess, executed: ExecutedRun): ReturnType<typeof recordFinish> {
  const queue = process.queue as unknown as Queue;
  return recordFinish(executed, { queue, run: { log: LOG }, faults: FAULT_LOG, giveUp: GIVE_UP });
}
