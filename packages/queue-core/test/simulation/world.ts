import { vi } from "vitest";
import type { ClaimedJob } from "../../src/job.ts";
import { lineOf, typeOf } from "../../src/line.ts";
import { ANY_TYPE } from "../../src/sqlite/made-claimable.ts";
import type { FinishOutcome } from "../../src/store.ts";
import { FakeClock, type MemoryDatabase } from "../../src/testing/index.ts";
import { Auditor, type Instruments, type Truth } from "./auditor.ts";
import { Choices } from "./choices.ts";
import { SIMULATED_JOBS } from "./job-types.ts";
import type { ClaimOperation, FinishOperation } from "./operation.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import { SimulatedWorker } from "./simulated-worker.ts";
import type { JobFacts } from "./snapshot.ts";

const WORKERS = 3;
const OTHERS = 2;

/** What a claim asks for. */
export interface Asked {
  readonly limit: number;
  readonly lingerMs?: number;
}

interface GateFacts {
  readonly type: string;
  readonly paused: 0 | 1;
  readonly rate_limit: number | null;
}

interface SignOfLife {
  readonly awakeMs: number;
  readonly suspensions: number;
}

/** A machine with a database and the processes on it; its time passes only when a step says so. */
export class World implements Truth {
  readonly memory: MemoryDatabase;
  readonly clock = new FakeClock();
  readonly auditor: Auditor;
  readonly leaseMs = 30_000;
  /** Whether several steps are under way at once, so that what a step sees may be past when it ends. */
  isCrowded = false;
  choices = new Choices(0);
  workers: readonly SimulatedWorker[];
  /** Schedulers, and processes that add jobs or that operators use. */
  others: readonly SimulatedProcess[];
  /** Every claim there ever was, so that stale ones can be tried again. */
  readonly claims: ClaimedJob[] = [];
  readonly #signs = new Map<string, SignOfLife>();
  /** Results of checkpoints, by job, generation and step. */
  readonly #steps = new Map<string, string>();
  #awakeMs = 0;
  #suspensions = 0;
  #named = 0;
  #started = 0;
  #notes = 0;

  constructor(memory: MemoryDatabase, instruments: Instruments) {
    memory.reset();
    this.memory = memory;
    this.#tellShares();
    this.auditor = new Auditor(instruments, this);
    this.workers = Array.from({ length: WORKERS }, () => this.startWorker());
    this.others = Array.from({ length: OTHERS }, () => this.startProcess(this.newName("process")));
  }

  /** As an earlier process has done, so that nobody's first claim does. */
  #tellShares(): void {
    const tell = this.memory.database.prepare("INSERT INTO limit_share (type, name) VALUES (?, ?)");
    for (const { type, limit } of SIMULATED_JOBS) if (limit !== null) tell.run(type, limit);
  }

  nowMs(): number {
    return this.clock.now();
  }

  /** Everybody on the machine: workers, the children in which their jobs run alone, and the others. */
  get processes(): readonly SimulatedProcess[] {
    const running = this.workers.flatMap(({ process, runs }) => [
      process,
      ...[...runs].map(({ host }) => host),
    ]);
    return [...new Set([...this.others, ...running])];
  }

  /** A name that nothing else in this world has. */
  newName(kind: string): string {
    this.#named += 1;
    return `${kind}-${this.#named}`;
  }

  /** Row numbers of notes are given here, as an effect must be able to run again. */
  newNoteId(): number {
    this.#notes += 1;
    return this.#notes;
  }

  /** Every third one is of the older deploy, unless it is said. */
  startProcess(name: string, isOlder = ++this.#started % 3 === 0): SimulatedProcess {
    return new SimulatedProcess(this, name, isOlder);
  }

  /** A worker that can read every job. */
  addWorker(): SimulatedWorker {
    const worker = new SimulatedWorker(this, this.startProcess(this.newName("worker"), false));
    this.workers = [...this.workers, worker];
    return worker;
  }

  startWorker(): SimulatedWorker {
    return new SimulatedWorker(this, this.startProcess(this.newName("worker")));
  }

  /** Lets time pass on a machine that runs. */
  advance(ms: number): void {
    this.#pass(ms);
    this.#awakeMs += ms;
  }

  /** Lets time pass while the machine is suspended, and with it everybody on it. */
  suspend(ms: number): void {
    this.#pass(ms);
    this.#suspensions += 1;
  }

  /** Time-outs of runs are timers: they go off with the clock. */
  #pass(ms: number): void {
    this.clock.advance(ms);
    vi.advanceTimersByTime(ms);
  }

  sawBeat(workerId: string): void {
    this.#signs.set(workerId, { awakeMs: this.#awakeMs, suspensions: this.#suspensions });
  }

  /** A suspension is silence to those who slept through it: it may count, but for a third of a lease at most. */
  isSilent(workerId: string): boolean {
    const sign = this.#signs.get(workerId);
    if (!sign) return true;
    const slept = (this.#suspensions - sign.suspensions) * (this.leaseMs / 3);
    return this.#awakeMs - sign.awakeMs + slept >= this.leaseMs;
  }

  /** What died in this step: a child makes its run a crash, the others are started anew. */
  replaceDead(): void {
    for (const worker of this.workers) {
      if (!worker.process.isAlive) for (const { host } of worker.runs) host.connection.kill();
      else
        for (const run of worker.runs) if (!run.host.isAlive && !run.executed?.finish) worker.childDied(run);
    }
    this.workers = this.workers.map((worker) => (worker.process.isAlive ? worker : this.startWorker()));
    this.others = this.others.map((process) =>
      process.isAlive ? process : this.startProcess(this.newName("process")),
    );
  }

  /** A step of a handler must give back what it gave the first time. */
  checkStep(key: string, result: string): void {
    const first = this.#steps.get(key) ?? result;
    this.#steps.set(key, first);
    if (result !== first) this.auditor.fail(`the step ${key} gave ${result}, the first time ${first}`);
  }

  /** A claim that finds less than it might take has left nothing; one that finds nothing has written nothing. */
  checkClaim(operation: ClaimOperation, jobs: readonly ClaimedJob[], ask: Asked, begun: number): void {
    const { auditor } = this;
    const { limit } = ask;
    const { lines } = operation;
    this.claims.push(...jobs);
    if (jobs.length > limit) auditor.fail(`${jobs.length} jobs were claimed, asked for were ${limit}`);
    const claimed = auditor.effectsOf(operation).filter(({ verb }) => verb === "claim");
    if (claimed.length !== jobs.length)
      auditor.fail(`${claimed.length} jobs are claimed, but ${jobs.length} were told`);
    for (const job of jobs) {
      if (!lines.includes(lineOf(job)))
        auditor.fail(`job ${job.id} was claimed by somebody who cannot read it`);
      const facts = auditor.now.jobs.get(job.id);
      const isTold =
        facts?.attempts === job.attempt - 1 &&
        facts.generation === job.generation &&
        (facts.crashes !== null) === job.suspect;
      if (facts?.token === job.leaseToken && !isTold)
        auditor.fail(`claimed as ${JSON.stringify(job)}, stored as ${JSON.stringify(facts)}`);
    }
    if (this.isCrowded) return;
    const gates = this.#gates();
    const holds = (gate: GateFacts, type: string): boolean => gate.type === type || gate.type === ANY_TYPE;
    const free = lines.filter((line) => !gates.some((gate) => holds(gate, typeOf(line))));
    for (const { id, type } of jobs)
      if (gates.some((gate) => gate.paused === 1 && holds(gate, type)))
        auditor.fail(`job ${id} was claimed, but ${type} is paused`);
    const left = this.#claimable(free);
    const isGathering = ask.lingerMs !== undefined && jobs.length === 0 && left.length < limit;
    if (isGathering && left.some(({ dueAt }) => dueAt + (ask.lingerMs ?? 0) <= this.nowMs()))
      auditor.fail("a batch is not run though its oldest job has waited long enough");
    if (!isGathering && jobs.length < limit && left.length > 0)
      auditor.fail("a claim has left jobs that fit");
    if (ask.lingerMs !== undefined && free.length === lines.length) this.#checkLinger(operation, jobs, ask);
    // After the clock was set back it sets the buckets of tokens right, and it sets aside what its key holds back.
    if (auditor.effectsOf(operation).length === 0 && begun > 0 && !this.mayClaimWrite())
      auditor.fail("a claim of nothing has written");
  }

  /** Whether there is what a claim may set right without claiming anything, also of types it does not ask for. */
  mayClaimWrite(): boolean {
    return this.#gates().some(({ rate_limit }) => rate_limit !== null);
  }

  /** The types that a claim may leave jobs of. */
  #gates(): readonly GateFacts[] {
    const gates = `SELECT type, 1 AS paused, NULL AS rate_limit FROM pause
      UNION ALL SELECT coalesce(s.type, l.name), 0, coalesce(l.rate_limit, l.key_rate_limit, l.key_concurrency)
        FROM job_limit l LEFT JOIN limit_share s ON s.name = l.name AND l.is_shared = 1
      UNION ALL SELECT line, 0, 0 FROM key_gate`;
    // Both columns are the query's own.
    return this.memory.database.prepare(gates).all() as GateFacts[];
  }

  #claimable(lines: readonly string[]): readonly JobFacts[] {
    const nowMs = this.nowMs();
    return [...this.auditor.now.jobs.values()].filter(
      ({ line, state, dueAt }) =>
        lines.includes(line) && (state === "pending" || (state === "scheduled" && dueAt <= nowMs)),
    );
  }

  /** A batch that is not full was waited for. */
  #checkLinger(operation: ClaimOperation, jobs: readonly ClaimedJob[], { limit, lingerMs = 0 }: Asked): void {
    if (jobs.length === 0 || jobs.length === limit) return;
    // Those that nobody took in time were counted, too.
    if (this.auditor.effectsOf(operation).some(({ verb }) => verb === "expire")) return;
    const oldest = Math.min(...jobs.map(({ id }) => this.auditor.now.jobs.get(id)?.dueAt ?? 0));
    const nowMs = this.nowMs();
    // One that is due only later came in before the clock was set back.
    if (oldest <= nowMs && oldest + lingerMs > nowMs) this.auditor.fail("a batch was run before it was full");
  }

  /** A lease that is said to be lost is not the current one. */
  checkLost(job: Pick<ClaimedJob, "id" | "leaseToken">, who: string): void {
    if (this.auditor.now.jobs.get(job.id)?.token === job.leaseToken)
      this.auditor.fail(`${who} says that job ${job.id} is lost under its current lease ${job.leaseToken}`);
  }

  /** What a worker is told about its finish is what has happened. */
  checkFinish(operation: FinishOperation, { accepted, status }: FinishOutcome): void {
    const effects = this.auditor.effectsOf(operation);
    if (!accepted) this.checkLost({ id: operation.jobId, leaseToken: operation.leaseToken }, "a finish");
    if (this.auditor.isContested(operation.leaseToken)) return;
    if (accepted !== effects.length > 0)
      this.auditor.fail(`a finish was told accepted: ${accepted}, but it changed ${effects.length} jobs`);
    else if (accepted && effects.at(-1)?.state !== status)
      this.auditor.fail(`a finish was told ${status}, but its job is ${effects.at(-1)?.state}`);
  }
}
