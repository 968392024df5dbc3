// Size: the class is the port, verb by verb, in the port's order; each verb's SQL has a file of its own beside it.
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { Clock } from "../clock.ts";
import { OptionInvalidError } from "../errors.ts";
import type { EventPage } from "../events.ts";
import type { Groups, GroupWeight } from "../groups.ts";
import type { HealthFacts } from "../health.ts";
import type { MinuteRange, MinuteStat } from "../history.ts";
import type { Attempt, ClaimedJob, DeadLetter, DiscardedJob, Job, JobStatus } from "../job.ts";
import { parseJobId } from "../job-id.ts";
import { shown } from "../known-options.ts";
import type { DeclaredLimits, LimitShare, NewLimit, StandingLimit } from "../limits.ts";
import type { Pauses } from "../pauses.ts";
import { requireRetention } from "../retention.ts";
import type { StoredReport } from "../run-report.ts";
import type { DeclaredSchedules, Schedule } from "../schedule.ts";
import type { QueueStats } from "../stats.ts";
import type {
  AuditEntry,
  Bell,
  BellOptions,
  ClaimRequest,
  DeadLetterFilter,
  DeadLetterQuery,
  DiscardedQuery,
  Durability,
  EnqueueOutcome,
  Expiry,
  FailedRun,
  Finish,
  FinishOutcome,
  Heartbeat,
  HeartbeatOptions,
  HeldJob,
  JobQuery,
  JobStore,
  NewJob,
  NewSchedule,
  OpenTransaction,
  Page,
  RetentionPolicy,
  RevivalPace,
  SlotJob,
  StoredPayload,
  Told,
  Transaction,
  WorkerRecord,
} from "../store.ts";
import type { WorkflowCounts } from "../workflow.ts";
import { AgeingShare } from "./ageing.ts";
import { appendAudit } from "./audit.ts";
import { beat, heldBy } from "./beat.ts";
import { BellRinger } from "./bell-ringer.ts";
import { cancelJob, cancelRequests } from "./cancel.ts";
import { checkpoint } from "./checkpoint.ts";
import { claimJobs, hasClaimable } from "./claim.ts";
import { hasDue, nextDue, promoteDue } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { editDeadLetter, getDeadLetter, listDeadLetters, requireFilter } from "./dead-letters.ts";
import {
  type DeathPlace,
  FIRST_DEATH,
  findDeaths,
  forgetsDeaths,
  type OldDeath,
  pruneDeaths,
} from "./dead-retention.ts";
import { declareLimits } from "./declare-limits.ts";
import { declareSchedules } from "./declare-schedules.ts";
import {
  discardDeadLetter,
  eraseDiscarded,
  findOldDiscarded,
  listDiscarded,
  type OldDiscarded,
  pruneDiscarded,
  putBackDiscarded,
} from "./discarded.ts";
import { editSchedule, pauseSchedule, removeSchedule, resumeSchedule } from "./edit-schedules.ts";
import { type EnqueueTime, enqueueJobs } from "./enqueue.ts";
import { EnqueueQueue } from "./enqueue-queue.ts";
import { forgetGone, hasGoneListeners, listen, readEvents, unlisten } from "./events.ts";
import { expireJobs, hasExpired } from "./expire.ts";
import { finishJob, finishJobs } from "./finish.ts";
import { FinishQueue } from "./finish-queue.ts";
import { nextOpeningInMs, readGates } from "./gates.ts";
import { type Gathering, untilGathered } from "./gathered.ts";
import { readGroups } from "./group-states.ts";
import { FIRST_TURN, pruneTurns, type TurnKey } from "./group-turns.ts";
import { readGroupWeights, setGroupWeight } from "./group-weights.ts";
import { HalfCancelled } from "./half-cancelled.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { HungBell, NO_BELL } from "./hung-bell.ts";
import type { InPlaceCheck } from "./in-place-check.ts";
import { liftLimit, readLimits, resetLimit, setLimit, typesBehind } from "./job-limits.ts";
import { attemptsOf, getJob, listJobs, recentFailures, workflowJobs } from "./jobs.ts";
import { gatedLinesOf, nextLookAt, wakeKeys } from "./key-gates.ts";
import { pruneBuckets } from "./key-rooms.ts";
import { readBuilder, SqliteTransaction } from "./kysely.ts";
import { shareLimits, unknownShares } from "./limit-shares.ts";
import { FIRST_LOG, findLogs, forgetsLogs, type LogPlace, type OldLog, pruneLogs } from "./log-retention.ts";
import { readMinutes } from "./minute-stats.ts";
import { pause, readPauses, resume } from "./pauses.ts";
import { Reader } from "./reader.ts";
import { Rescuer } from "./rescuer.ts";
import {
  type EndedWorkflows,
  findEnded,
  type Look,
  type OldRow,
  pruneEnded,
  pruneHistory,
  pruneSlots,
} from "./retention.ts";
import { countRevivable, type DeathSpan, everyDeath, reviveChunk, reviveDeadLetter } from "./revive.ts";
import { RunCounts } from "./run-counts.ts";
import { reportChunks, reportsOf, storeReport } from "./run-reports.ts";
import { brokenSchedules, hasDueSlots, listSchedules, registerSchedule, takeDueSlots } from "./schedules.ts";
import { readHealthFacts, readStats } from "./stats.ts";
import { readStep, recordStep } from "./steps.ts";
import { hasUntold, tellMore } from "./tell-children.ts";
import { WalPressure } from "./wal-pressure.ts";
import { drain, listWorkers, retire } from "./workers.ts";
import { beginCancelling, cancelChunk, countWorkflow, parentsOf, retryChunk } from "./workflows.ts";
import { Writer } from "./writer.ts";

/** Old slots, or buckets of idle keys, that are deleted in one transaction. */
const PRUNED_AT_ONCE = 1_000;

/** Between two transactions that delete, in milliseconds. */
const PRUNE_REST_MS = { least: 1, most: 20 };

export interface SqliteStoreParts {
  readonly path: string;
  readonly full: Connection;
  readonly normal: Connection;
  readonly reader: Connection;
  /** In place of a thread, which could not see a database in memory. */
  readonly startHeartbeat?: (options: HeartbeatOptions) => Heartbeat;
  /** The folder where idle workers hang their bells; none for a database in memory. */
  readonly bells?: string;
  /** None for a database in memory. */
  readonly inPlace?: InPlaceCheck;
  readonly clock: Clock;
  readonly random: () => number;
  readonly busyDeadlineMs: number;
}

/** How one kind of what is old is found and deleted, some at a time. */
interface Pruning<Row, Place> {
  readonly find: (connection: Connection, after: Place) => Look<Row, Place>;
  readonly drop: (connection: Connection, old: readonly Row[]) => number;
}

/** The store on one SQLite file; made by `openSqliteStore`. */
export class SqliteStore<Tables> implements JobStore<Tables> {
  declare readonly read: Kysely<Tables>;
  readonly #parts: SqliteStoreParts;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #counts = new RunCounts();
  readonly #ageing = new AgeingShare();
  readonly #ringer: BellRinger;
  readonly #enqueues: EnqueueQueue;
  readonly #finishes: FinishQueue;
  readonly #rescuer: Rescuer;
  readonly #halfCancelled: HalfCancelled;
  readonly #cancelListeners = new Set<() => void>();
  #lastCreatedAtMs = 0;

  constructor(parts: SqliteStoreParts) {
    const { path, full, normal, reader, clock, random, busyDeadlineMs } = parts;
    this.#parts = parts;
    this.#ringer = new BellRinger(parts.bells ?? null, clock);
    this.#reader = new Reader({ connection: reader, clock, random, busyDeadlineMs });
    let builder: Kysely<Tables> | undefined;
    // Made when it is asked for, also of a store that only stands behind the one that is asked.
    const get = (): Kysely<Tables> => (builder ??= readBuilder<Tables>(this.#reader));
    Object.defineProperty(this, "read", { get, enumerable: true });
    this.#writer = new Writer({
      connections: { full, normal },
      clock,
      random,
      busyDeadlineMs,
      afterBegin: (connection) => {
        this.#counts.clear();
        connection.madeClaimable.clear();
      },
      afterCommit: (connection) => this.#ringer.ring(connection.madeClaimable.take()),
      atSavepoint: () => this.#counts.mark(),
      beforeCommit: (connection) => {
        this.#counts.flush(connection);
        parts.inPlace?.beforeCommit(connection === full ? "full" : "normal");
      },
      pressure: new WalPressure(path, clock),
    });
    this.#enqueues = new EnqueueQueue({
      write: (durability, work, taking) => this.#writer.write(durability, work, taking),
      add: (connection, jobs) => enqueueJobs(connection, this.#counts, jobs, this.#enqueueTime()),
    });
    this.#finishes = new FinishQueue({
      write: (work) => this.#writer.write("normal", work),
      finish: (connection, finishes) => finishJobs(connection, this.#counts, finishes, this.#enqueueTime()),
    });
    const onFile = { reader: this.#reader, writer: this.#writer, counts: this.#counts, clock };
    this.#rescuer = new Rescuer(onFile);
    this.#halfCancelled = new HalfCancelled({ ...onFile, onCancelled: () => this.#tellCancelled() });
  }

  transaction<T>(
    work: (tx: Transaction<Tables>) => Promise<T>,
    options: { readonly durability?: Durability } = {},
  ): Promise<T> {
    return this.#writer.transaction(options.durability ?? "full", (connection, scope) =>
      work(new SqliteTransaction<Tables>(connection, scope)),
    );
  }

  enqueue(
    jobs: readonly NewJob[],
    { durability, tx }: { readonly durability: Durability; readonly tx?: OpenTransaction | undefined },
  ): Promise<readonly EnqueueOutcome[]> {
    return tx ? this.#enqueueIn(tx, jobs) : this.#enqueues.add(jobs, durability);
  }

  async #enqueueIn(tx: OpenTransaction, jobs: readonly NewJob[]): Promise<readonly EnqueueOutcome[]> {
    const connection = this.#transactionOf(tx).connection();
    return enqueueJobs(connection, this.#counts, jobs, this.#enqueueTime());
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedJob[]> {
    // A line named twice would give its head twice.
    const lines = [...new Set(request.lines)];
    if (lines.length === 0) return [];
    // What has ended is written in any case, and makes room where there are limits.
    const needsNoLook = this.#finishes.hasWaiting || request.isRungFor === true;
    if (
      !needsNoLook &&
      !(await this.#reader.read((c) => hasClaimable(c, { ...request, lines }, this.#now())))
    )
      return [];
    for (;;) {
      const { claimed, isCut } = await this.#finishes.carry((connection) =>
        claimJobs(connection, this.#counts, { ...request, lines }, this.#ageing, this.#enqueueTime()),
      );
      if (!isCut) return claimed;
    }
  }

  async finish(
    finishes: readonly Finish[],
    { tx }: { readonly tx?: OpenTransaction | undefined } = {},
  ): Promise<readonly FinishOutcome[]> {
    if (!tx) return this.#finishEach(finishes);
    const own = this.#transactionOf(tx);
    const outcomes: FinishOutcome[] = [];
    for (const finish of finishes) outcomes.push(await this.#finishIn(own.connection(), finish, own));
    return outcomes;
  }

  async #finishEach(finishes: readonly Finish[]): Promise<readonly FinishOutcome[]> {
    const outcomes = finishes.every(({ effects }) => effects.length === 0)
      ? await this.#finishes.add(finishes)
      : (await Promise.all(finishes.map((finish) => this.#finishOne(finish)))).flat();
    const [only, second] = outcomes;
    if (only && "error" in only && !second) throw only.error;
    return outcomes;
  }

  /** Runs that end together share a transaction; one with effects has its own, as those are asynchronous. */
  async #finishOne(finish: Finish): Promise<readonly FinishOutcome[]> {
    if (finish.effects.length === 0) return this.#finishes.add([finish]);
    try {
      const outcome = await this.#writer.transaction("normal", (connection, scope) =>
        this.#finishIn(connection, finish, new SqliteTransaction(connection, scope)),
      );
      return [outcome];
    } catch (error) {
      return [{ accepted: false, status: null, error }];
    }
  }

  async #finishIn(connection: Connection, finish: Finish, tx: SqliteTransaction): Promise<FinishOutcome> {
    const outcome = finishJob(connection, this.#counts, finish, this.#enqueueTime());
    if (outcome.status === "completed") for (const effect of finish.effects) await effect(tx);
    return outcome;
  }

  beat(worker: { readonly id: string; readonly leaseMs: number }): Promise<readonly HeldJob[]> {
    return this.#writer.write("normal", (connection) => {
      beat(connection, worker, this.#now());
      return heldBy(connection, worker.id);
    });
  }

  heartbeat(options: HeartbeatOptions): Heartbeat {
    const { path, startHeartbeat: start = (given) => startHeartbeat(path, given) } = this.#parts;
    return start(options);
  }

  bell(options: BellOptions): Bell {
    const { bells } = this.#parts;
    return bells === undefined ? NO_BELL : new HungBell(bells, options);
  }

  drain(workerId: string): Promise<void> {
    return this.#writer.write("normal", (connection) => drain(connection, workerId, this.#now()));
  }

  retire(workerId: string): Promise<void> {
    return this.#writer.write("normal", (connection) => retire(connection, workerId));
  }

  async promoteDue(): Promise<number> {
    let moved = 0;
    const isLeft = (connection: Connection): boolean =>
      hasDue(connection, this.#now()) || hasUntold(connection);
    while (await this.#reader.read(isLeft)) {
      moved += await this.#writer.write(
        "normal",
        (connection) =>
          promoteDue(connection, this.#counts, this.#now()) + tellMore(connection, this.#counts, this.#now()),
      );
      await turn();
    }
    return moved;
  }

  async untilNextDue(lines: readonly string[]): Promise<number | null> {
    return this.#reader.read((connection) => {
      const nowMs = this.#now();
      const dueAt = nextDue(connection, lines);
      const lookAt = nextLookAt(connection, lines, nowMs);
      const inMs = [dueAt, lookAt].flatMap((at) => (at === null ? [] : [Math.max(0, at - nowMs)]));
      const soonest = Math.min(
        ...inMs,
        nextOpeningInMs(connection, lines, nowMs) ?? Number.POSITIVE_INFINITY,
      );
      return Number.isFinite(soonest) ? soonest : null;
    });
  }

  untilGathered(batch: Gathering): Promise<number | null> {
    return this.#reader.read((connection) => {
      const nowMs = this.#now();
      const { open } = readGates(connection, batch.lines, nowMs);
      return untilGathered(connection, { ...batch, lines: open }, nowMs);
    });
  }

  async expire(expiry: Expiry): Promise<number> {
    const lines = [...new Set(expiry.lines)];
    const isAnyLeft = (connection: Connection): boolean => hasExpired(connection, lines, this.#now());
    let expired = 0;
    while (!expiry.signal?.aborted && (await this.#reader.read(isAnyLeft))) {
      expired += await this.#writer.write("normal", (connection) =>
        expireJobs(connection, this.#counts, { ...expiry, lines }, this.#enqueueTime()),
      );
      await turn();
    }
    return expired;
  }

  async rescue(): Promise<number> {
    const rescued = await this.#rescuer.rescue();
    await this.#halfCancelled.goOn();
    return rescued;
  }

  async cancel(jobId: string): Promise<JobStatus> {
    const status = await this.#writer.write("full", (connection) =>
      cancelJob(connection, this.#counts, jobId, this.#now()),
    );
    if (status === "processing") this.#tellCancelled();
    return status;
  }

  cancelRequests(workerId: string): Promise<readonly HeldJob[]> {
    return this.#reader.read((connection) => cancelRequests(connection, workerId));
  }

  onCancelRequest(listener: () => void): () => void {
    this.#cancelListeners.add(listener);
    return () => void this.#cancelListeners.delete(listener);
  }

  readStep(job: Pick<ClaimedJob, "id" | "generation">, step: string): Promise<string | undefined> {
    return this.#reader.read((connection) => readStep(connection, job, step));
  }

  recordStep(
    job: Pick<ClaimedJob, "id" | "generation" | "leaseToken">,
    step: string,
    result: string,
  ): Promise<boolean> {
    return this.#writer.write("full", (connection) => recordStep(connection, job, step, result, this.#now()));
  }

  async report(told: readonly Told[]): Promise<readonly boolean[]> {
    const held: boolean[] = [];
    for (const chunk of reportChunks(told)) {
      const store = (connection: Connection): boolean[] =>
        chunk.map((each) => storeReport(connection, each, this.#now()));
      held.push(...(await this.#writer.write("normal", store)));
    }
    return held;
  }

  reports(jobId: string): Promise<readonly StoredReport[]> {
    return this.#reader.read((connection) => reportsOf(connection, jobId));
  }

  getJob(jobId: string): Promise<Job | null> {
    return this.#reader.read((connection) => getJob(connection, jobId));
  }

  listJobs(query: JobQuery): Promise<Page<Job>> {
    return this.#reader.read((connection) => listJobs(connection, query));
  }

  workflowJobs(workflowId: string): Promise<readonly Job[]> {
    return this.#reader.read((connection) => workflowJobs(connection, workflowId));
  }

  countWorkflow(workflowId: string): Promise<WorkflowCounts | null> {
    return this.#reader.read((connection) => countWorkflow(connection, workflowId));
  }

  async cancelWorkflow(workflowId: string): Promise<void> {
    const last = await this.#writer.write("full", (connection) =>
      beginCancelling(connection, this.#counts, workflowId, this.#now()),
    );
    for (let next = last; next !== null; ) {
      const after: number = next;
      next = await this.#writer.write("full", (connection) =>
        cancelChunk(connection, this.#counts, workflowId, after, this.#now()),
      );
    }
    this.#tellCancelled();
  }

  #tellCancelled(): void {
    for (const listener of this.#cancelListeners) listener();
  }

  async retryWorkflow(workflowId: string): Promise<number> {
    let total = 0;
    for (let next: number | null = 0; next !== null; ) {
      const after: number = next;
      const { revived, next: last } = await this.#writer.write("full", (connection) =>
        retryChunk(connection, this.#counts, workflowId, after, this.#now()),
      );
      total += revived;
      next = last;
    }
    return total;
  }

  async parents(jobId: string): Promise<readonly Job[]> {
    const seq = parseJobId(jobId)?.seq;
    return seq === undefined ? [] : this.#reader.read((connection) => parentsOf(connection, seq));
  }

  attempts(jobId: string): Promise<readonly Attempt[]> {
    return this.#reader.read((connection) => attemptsOf(connection, jobId));
  }

  recentFailures(limit: number): Promise<readonly FailedRun[]> {
    return this.#reader.read((connection) => recentFailures(connection, limit));
  }

  getDeadLetter(id: string): Promise<DeadLetter | null> {
    return this.#reader.read((connection) => getDeadLetter(connection, id));
  }

  listDeadLetters(query: DeadLetterQuery): Promise<Page<DeadLetter>> {
    return this.#reader.read((connection) => listDeadLetters(connection, query));
  }

  revive(deadLetterId: string): Promise<Job> {
    return this.#writer.write("full", (connection) =>
      reviveDeadLetter(connection, this.#counts, deadLetterId, this.#now()),
    );
  }

  async reviveMany(filter: DeadLetterFilter, pace?: RevivalPace): Promise<number> {
    requireFilter(filter);
    const everyMs = pace ? 60_000 / requirePace(pace) : 0;
    const firstMs = this.#now();
    let total = 0;
    for (let span: DeathSpan | null = await this.#reader.read(everyDeath); span; ) {
      const current: DeathSpan = span;
      const before = total;
      const { revived, next } = await this.#writer.write("full", (connection) => {
        const nowMs = this.#now();
        // Without a pace all of them are due now, also where the wall clock was set back since the first.
        const dueAt = (place: number): number =>
          everyMs === 0 ? nowMs : Math.max(nowMs, Math.floor(firstMs + (before + place) * everyMs));
        return reviveChunk(connection, this.#counts, filter, current, { nowMs, dueAt });
      });
      total += revived;
      span = next;
    }
    return total;
  }

  countRevivable(filter: DeadLetterFilter, atMost: number): Promise<number> {
    return this.#reader.read((connection) => {
      requireFilter(filter);
      if (!Number.isInteger(atMost) || atMost < 0)
        throw new OptionInvalidError(`atMost must be a whole number from 0, got ${shown(atMost)}`);
      return countRevivable(connection, filter, atMost);
    });
  }

  discard(deadLetterId: string, audit: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => {
      discardDeadLetter(connection, this.#counts, deadLetterId, this.#now());
      appendAudit(connection, audit, this.#now());
    });
  }

  listDiscarded(query: DiscardedQuery): Promise<Page<DiscardedJob>> {
    return this.#reader.read((connection) => listDiscarded(connection, query));
  }

  putBack(deadLetterId: string, audit: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => {
      putBackDiscarded(connection, this.#counts, deadLetterId, this.#now());
      appendAudit(connection, audit, this.#now());
    });
  }

  erase(deadLetterId: string, audit: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => {
      eraseDiscarded(connection, deadLetterId);
      appendAudit(connection, audit, this.#now());
    });
  }

  editDeadLetter(
    deadLetterId: string,
    change: { readonly stored?: StoredPayload; readonly reviewed?: boolean; readonly notes?: string | null },
  ): Promise<DeadLetter> {
    return this.#writer.write("full", (connection) =>
      editDeadLetter(connection, this.#counts, deadLetterId, change),
    );
  }

  registerSchedule(schedule: NewSchedule): Promise<Schedule> {
    return this.#writer.write("full", (connection) => registerSchedule(connection, schedule, this.#now()));
  }

  declareSchedules(declared: readonly NewSchedule[]): Promise<DeclaredSchedules> {
    return this.#writer.write("full", (connection) => declareSchedules(connection, declared, this.#now()));
  }

  listSchedules(): Promise<readonly Schedule[]> {
    return this.#reader.read((connection) => listSchedules(connection));
  }

  pauseSchedule(id: string, audit: AuditEntry): Promise<Schedule> {
    return this.#writer.write("full", (connection) => pauseSchedule(connection, id, audit, this.#now()));
  }

  resumeSchedule(id: string, audit: AuditEntry): Promise<Schedule> {
    return this.#writer.write("full", (connection) => resumeSchedule(connection, id, audit, this.#now()));
  }

  editSchedule(schedule: NewSchedule, version: number, audit: AuditEntry): Promise<Schedule> {
    return this.#writer.write("full", (connection) =>
      editSchedule(connection, schedule, version, audit, this.#now()),
    );
  }

  removeSchedule(id: string, audit: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => removeSchedule(connection, id, audit, this.#now()));
  }

  async takeDueSlots(jobFor: SlotJob): Promise<number> {
    if (!(await this.#reader.read((connection) => hasDueSlots(connection, this.#now())))) return 0;
    const { added, broken } = await this.#writer.write("full", (connection) =>
      takeDueSlots(connection, this.#counts, jobFor, this.#enqueueTime()),
    );
    if (broken.length > 0) throw brokenSchedules(broken, added);
    return added;
  }

  pause(type: string | null, audit: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => pause(connection, type, audit, this.#now()));
  }

  resume(type: string | null, audit: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => resume(connection, type, audit, this.#now()));
  }

  pauses(): Promise<Pauses> {
    return this.#reader.read(readPauses);
  }

  async setLimit(limit: NewLimit, audit: AuditEntry): Promise<void> {
    await this.#writer.write("full", (connection) => setLimit(connection, limit, audit, this.#now()));
    await this.#wakeKeys([limit.name]);
  }

  async liftLimit(name: string, audit: AuditEntry): Promise<void> {
    await this.#writer.write("full", (connection) => liftLimit(connection, name, audit, this.#now()));
    await this.#wakeKeys([name]);
  }

  async resetLimit(name: string, audit: AuditEntry): Promise<boolean> {
    const isReset = await this.#writer.write("full", (connection) =>
      resetLimit(connection, name, audit, this.#now()),
    );
    if (isReset) await this.#wakeKeys([name]);
    return isReset;
  }

  async declareLimits(declared: readonly NewLimit[]): Promise<DeclaredLimits> {
    const outcome = await this.#writer.write("full", (connection) => declareLimits(connection, declared));
    await this.#wakeKeys([...declared.map(({ name }) => name), ...outcome.lifted]);
    return outcome;
  }

  /** In small transactions. If the process dies meanwhile, what is left is looked at when its time comes. */
  async #wakeKeys(limits: readonly string[]): Promise<void> {
    const lines = await this.#reader.read((connection) =>
      limits
        .flatMap((name) => typesBehind(connection, name))
        .flatMap((type) => gatedLinesOf(connection, type)),
    );
    for (const line of lines)
      for (let next: string | null = ""; next !== null; ) {
        const after: string = next;
        next = await this.#writer.write("normal", (connection) => wakeKeys(connection, line, after));
      }
  }

  async shareLimits(shares: readonly LimitShare[]): Promise<void> {
    const unknown = await this.#reader.read((connection) => unknownShares(connection, shares));
    if (unknown.length > 0)
      await this.#writer.write("full", (connection) => shareLimits(connection, unknown));
  }

  limits(): Promise<readonly StandingLimit[]> {
    return this.#reader.read(readLimits);
  }

  setGroupWeight(weight: GroupWeight, audit: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => setGroupWeight(connection, weight, audit, this.#now()));
  }

  groupWeights(): Promise<readonly GroupWeight[]> {
    return this.#reader.read(readGroupWeights);
  }

  groups(): Promise<Groups> {
    return this.#reader.read(readGroups);
  }

  stats(): Promise<QueueStats> {
    return this.#reader.read((connection) => readStats(connection, this.#now()));
  }

  minuteStats(range: MinuteRange): Promise<readonly MinuteStat[]> {
    return this.#reader.read((connection) => readMinutes(connection, range));
  }

  healthFacts(): Promise<HealthFacts> {
    return this.#reader.read(readHealthFacts);
  }

  workers(): Promise<readonly WorkerRecord[]> {
    return this.#reader.read((connection) => listWorkers(connection));
  }

  audit(entry: AuditEntry): Promise<void> {
    return this.#writer.write("full", (connection) => appendAudit(connection, entry, this.#now()));
  }

  async prune(policy: RetentionPolicy): Promise<number> {
    requireRetention(policy);
    // First, as with a dead letter goes what keeps its children.
    const deaths = forgetsDeaths(policy) ? await this.#pruneDeaths(policy) : 0;
    const discarded = await this.#pruneDiscarded(policy);
    const ended: EndedWorkflows = new Map();
    const jobs = await this.#pruneChunks<OldRow, number>(0, {
      find: (connection, after) => findEnded(connection, policy, { after, ended }, this.#now()),
      drop: (connection, old) => pruneEnded(connection, this.#counts, old),
    });
    if (forgetsLogs(policy))
      await this.#pruneChunks<OldLog, LogPlace>(FIRST_LOG, {
        find: (connection, after) => findLogs(connection, policy, after, this.#now()),
        drop: pruneLogs,
      });
    await this.#writer.write("normal", (connection) => pruneHistory(connection, this.#now()));
    for (const pruneSome of [pruneSlots, pruneBuckets]) {
      const next = (): Promise<number> =>
        this.#writer.write("normal", (connection) => pruneSome(connection, this.#now(), PRUNED_AT_ONCE));
      while ((await next()) === PRUNED_AT_ONCE) await turn();
    }
    for (let next: TurnKey | null = FIRST_TURN; next !== null; ) {
      const after: TurnKey = next;
      next = await this.#writer.write("normal", (connection) => pruneTurns(connection, after));
      if (next !== null) await turn();
    }
    return deaths + discarded + jobs;
  }

  #pruneDeaths(policy: RetentionPolicy): Promise<number> {
    const ended: EndedWorkflows = new Map();
    return this.#pruneChunks<OldDeath, DeathPlace>(FIRST_DEATH, {
      find: (connection, after) => findDeaths(connection, policy, { after, ended }, this.#now()),
      drop: (connection, old) => pruneDeaths(connection, this.#counts, old, this.#now()),
    });
  }

  /** Finds what is old with reads, and deletes it in small transactions; returns how much went. */
  async #pruneChunks<Row, Place>(first: Place, { find, drop }: Pruning<Row, Place>): Promise<number> {
    let pruned = 0;
    for (let next: Place | null = first; next !== null; ) {
      const after: Place = next;
      const look = await this.#reader.read((connection) => find(connection, after));
      next = look.next;
      if (look.old.length === 0) {
        await turn();
        continue;
      }
      const begunAtMs = this.#parts.clock.monotonic();
      pruned += await this.#writer.write("normal", (connection) => drop(connection, look.old));
      // Half the time the lock is free: deleting is in no hurry, and who asks for it meanwhile is. Bounded, as the time
      // may have passed while others held it.
      const tookMs = this.#parts.clock.monotonic() - begunAtMs;
      await sleep(Math.min(Math.max(tookMs, PRUNE_REST_MS.least), PRUNE_REST_MS.most));
    }
    return pruned;
  }

  listen({ id, forMs }: { readonly id: string; readonly forMs: number }): ReturnType<JobStore["listen"]> {
    return this.#writer.write("normal", (connection) =>
      listen(connection, { id, untilMs: this.#now() + forMs }, this.#now()),
    );
  }

  unlisten(listenerId: string): Promise<void> {
    return this.#writer.write("normal", (connection) => unlisten(connection, listenerId, this.#now()));
  }

  events(after: number, limit: number): Promise<EventPage> {
    return this.#reader.read((connection) => readEvents(connection, after, limit));
  }

  async checkpoint(): Promise<{ readonly logBytes: number }> {
    const { path, normal, random } = this.#parts;
    if (await this.#reader.read((connection) => hasGoneListeners(connection, this.#now())))
      await this.#writer.write("normal", (connection) => forgetGone(connection, this.#now()));
    return this.#writer.between(async () => ({ logBytes: await checkpoint(normal, path, random) }));
  }

  async close(): Promise<void> {
    await this.#halfCancelled.close();
    await this.#finishes.idle();
    await this.#writer.idle();
    this.#ringer.stop();
    this.#parts.inPlace?.stop();
    const { full, normal, reader } = this.#parts;
    for (const connection of [reader, normal, full]) connection.close();
  }

  #pruneDiscarded(policy: RetentionPolicy): Promise<number> {
    return this.#pruneChunks<OldDiscarded, number>(0, {
      find: (connection, after) => findOldDiscarded(connection, policy, after, this.#now()),
      drop: pruneDiscarded,
    });
  }

  #transactionOf(tx: OpenTransaction): SqliteTransaction {
    const { full, normal } = this.#parts;
    if (tx instanceof SqliteTransaction && [full, normal].includes(tx.connection())) return tx;
    throw new TypeError("The transaction passed as tx belongs to another store");
  }

  #now(): number {
    return this.#parts.clock.now();
  }

  /** Creation times of one process never go back, so that ids sort in the order of enqueueing. */
  #enqueueTime(): EnqueueTime {
    const nowMs = this.#now();
    this.#lastCreatedAtMs = Math.max(this.#lastCreatedAtMs, nowMs);
    return { nowMs, createdAtMs: this.#lastCreatedAtMs };
  }
}

function requirePace({ perMinute }: RevivalPace): number {
  if (typeof perMinute === "number" && perMinute >= 1 && perMinute <= 60_000) return perMinute;
  throw new OptionInvalidError(`perMinute must be a number from 1 to 60,000, got ${shown(perMinute)}`);
}
