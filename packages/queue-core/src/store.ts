// Size: the port is one interface and the shapes it speaks in; who writes a driver reads it from top to bottom.
import type { Kysely } from "kysely";
import type { DeadReason } from "./define-job.ts";
import type { EventPage } from "./events.ts";
import type { Groups, GroupWeight } from "./groups.ts";
import type { HealthFacts } from "./health.ts";
import type { MinuteRange, MinuteStat } from "./history.ts";
import type { Attempt, ClaimedJob, DeadLetter, DiscardedJob, Job, JobStatus } from "./job.ts";
import type { DeclaredLimits, LimitShare, NewLimit, StandingLimit } from "./limits.ts";
import type { Pauses } from "./pauses.ts";
import type { Retention } from "./retention.ts";
import type { NewReport, StoredReport } from "./run-report.ts";
import type { CatchUp, DeclaredSchedules, Overlap, Schedule } from "./schedule.ts";
import type { QueueStats } from "./stats.ts";
import type { Uniqueness } from "./uniqueness.ts";
import type { WorkflowCounts } from "./workflow.ts";

/**
 * What a commit promises when the power fails. `full`: it is on the disk. `normal`: it may be forgotten (never torn);
 * a process that crashes or is killed loses nothing in either.
 */
export type Durability = "full" | "normal";

/**
 * A transaction over whatever tables: all that adding a job to it needs. Kysely's type is invariant in its tables, so
 * a `Transaction<Shop>` is no `Transaction<unknown>`.
 */
export interface OpenTransaction {
  readonly sql: unknown;
}

/**
 * A transaction of the application's that jobs may join.
 * @typeParam Tables the application's tables, as Kysely describes them
 */
export interface Transaction<Tables = unknown> extends OpenTransaction {
  /** Queries inside this transaction. Await nothing else: the write lock is held. */
  readonly sql: Kysely<Tables>;
}

/** A payload as it is stored. */
export interface StoredPayload {
  /** JSON text, of the ciphertext if it is encrypted. */
  readonly payload: string;
  /** Version of its type that it was written for. */
  readonly payloadVersion: number;
  /** Of the key that it is encrypted with; null if it is not. */
  readonly keyId: string | null;
  /** What `payload` reads as, where that is known without parsing it: a store that answers with it need not do so. */
  readonly readAs?: unknown;
}

/** A job ready to be stored: validated, with every default filled in. */
export interface NewJob extends StoredPayload {
  readonly type: string;
  readonly priority: number;
  readonly maxAttempts: number;
  /** Milliseconds from now until it may run. */
  readonly delayMs: number;
  /** The instant from which it may run, in milliseconds since 1970 UTC; in place of a delay. */
  readonly runAtMs?: number;
  readonly workflowId: string | null;
  readonly detached: boolean;
  readonly uniqueKey: string | null;
  /** How the key is held; until the job is deleted, by default. */
  readonly uniqueness?: Uniqueness;
  readonly slotAtMs: number | null;
  readonly dependsOn: readonly Dependency[];
  /** The same for jobs that are added before it in the same call. */
  readonly dependsOnEarlier?: readonly EarlierDependency[];
  /** Its name in a workflow that was started from steps. */
  readonly step: string | null;
  /** How long it may stand among the claimable jobs, in milliseconds; null: for ever. */
  readonly expireAfterMs: number | null;
  /** Whose limits per key it is held to; none by default. */
  readonly limitKey?: string;
  /** With whose jobs it takes turns; none by default. */
  readonly groupKey?: string;
}

/** A job that must complete first, and what becomes of the child if it never does. */
export interface Dependency {
  readonly jobId: string;
  readonly whenDead: "cancel" | "continue";
}

/** A parent that is added in the same call. */
export interface EarlierDependency {
  /** Where it stands among the jobs of the call, from 0. */
  readonly place: number;
  readonly whenDead: Dependency["whenDead"];
}

export interface EnqueueOutcome {
  readonly job: Job;
  /** True if a job with the same unique key was there already; `job` is that one and nothing was added. */
  readonly deduplicated: boolean;
}

/** A job that nobody claimed in time. */
export interface ExpiredJob {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
  readonly payloadVersion: number;
  readonly keyId: string | null;
  readonly workflowId: string | null;
  /** Recorded runs before it came to wait again. */
  readonly attempts: number;
  readonly expireAfterMs: number;
}

/** What is written when a job is given up: why, and the jobs that are added with it. */
export interface Burial {
  readonly error: string;
  readonly followUps: readonly NewJob[];
}

/** Which jobs to give up that nobody claims in time. */
export interface Expiry {
  /** As a claim names them. */
  readonly lines: readonly string[];
  /** Called inside the transaction, and again if that fails to commit; must not throw. */
  readonly bury: (job: ExpiredJob) => Burial;
  /** Once it is aborted no further transaction begins: what is left stays in the lines. */
  readonly signal?: AbortSignal;
}

export interface ClaimRequest {
  readonly workerId: string;
  /**
   * What the worker can read, each a job type with a payload version and a key: see `lineOf`. What stands in other
   * lines is not touched and costs nothing.
   */
  readonly lines: readonly string[];
  /** Asked about each job that the claim meets and that has expired: it is given up and not handed out. */
  readonly bury: Expiry["bury"];
  /** At most this many jobs. */
  readonly limit: number;
  /** How long a silent worker keeps its jobs, in milliseconds. */
  readonly leaseMs: number;
  /**
   * For a batch: nothing is handed out until `limit` jobs stand in the lines, or one has been claimable for so long, in
   * milliseconds.
   */
  readonly lingerMs?: number;
  /** The worker was told that there are some: it goes for them without a look first. */
  readonly isRungFor?: boolean;
}

/** How a run ended, in the words of the state machine. */
export type Verdict =
  | { readonly verb: "complete"; readonly result: string | null }
  | { readonly verb: "retry"; readonly delayMs: number; readonly error: string; readonly timedOut: boolean }
  | { readonly verb: "bury"; readonly reason: DeadReason; readonly error: string; readonly timedOut: boolean }
  | { readonly verb: "snooze"; readonly delayMs: number }
  | { readonly verb: "abandon" }
  | { readonly verb: "handBack" }
  /** It ran alone and its process died. Charged as a crash; the third buries it, and only then are follow-ups added. */
  | { readonly verb: "crash"; readonly error: string };

/** The one fenced write that ends a run. */
export interface Finish {
  readonly job: Pick<ClaimedJob, "id" | "leaseToken">;
  readonly verdict: Verdict;
  /** Jobs that are added with this write or not at all. */
  readonly followUps: readonly NewJob[];
  /** SQL of the application that commits with this write or not at all; may run again after a failed commit. */
  readonly effects: readonly ((tx: Transaction) => Promise<void>)[];
  /** What the run has told and is not stored yet. */
  readonly report?: NewReport;
}

/** What a run tells while it goes on. */
export interface Told {
  readonly job: Pick<ClaimedJob, "id" | "leaseToken">;
  readonly report: NewReport;
}

export interface FinishOutcome {
  /** False if the lease was lost: nothing was written. */
  readonly accepted: boolean;
  /** The state the job is in now; null if nothing was written. */
  readonly status: JobStatus | null;
  /** Why this one of several could not be written: its run still holds the lease. */
  readonly error?: unknown;
}

/** What the store says a worker holds. */
export interface HeldJob {
  readonly id: string;
  readonly leaseToken: number;
  readonly cancelRequested: boolean;
}

export interface WorkerRecord {
  readonly id: string;
  readonly leaseMs: number;
  readonly startedAt: Date;
  readonly seenAt: Date;
  readonly running: number;
}

/** Keeps a worker's lease from outside its main thread, so that a handler that blocks the CPU does not lose it. */
export interface Heartbeat {
  /**
   * While true it beats every third of the lease, first a third from now, as a claim beats; while false it only shows
   * presence.
   */
  hold(holding: boolean): void;
  stop(): Promise<void>;
}

export interface BellOptions {
  /** What the worker takes, as it claims: it is not rung for others. */
  readonly lines: readonly string[];
  /** Called when there is work; the bell no longer hangs then. */
  readonly onRing: () => void;
  /** Called once if there can be no bell: the worker has to look for work by itself. */
  readonly onError: (error: Error) => void;
}

/** How a worker that has nothing to do is told of work within milliseconds, whichever process brings it. */
export interface Bell {
  /**
   * Says that the worker is idle. Work that came before is not rung for, so look once more.
   * @returns false if it hung already, or cannot
   */
  hang(): boolean;
  /** Says that it is busy: let another one be rung for. */
  takeDown(): void;
  stop(): void;
}

export interface HeartbeatOptions {
  readonly workerId: string;
  readonly leaseMs: number;
  /** What the worker takes, as it claims: for who wants to know what nobody takes. */
  readonly lines: readonly string[];
  /**
   * How long a run of each type may take, in milliseconds. A handler that blocks its worker for ever must not keep its
   * lease for ever: past this, in a worker that answers nothing, the run is ended as timed out, the others are handed
   * back, and the process is killed.
   */
  readonly timeoutsMs: Readonly<Record<string, number>>;
  /**
   * Called after each beat with what the worker held at that instant, and the newest lease token there was: what has a
   * newer one was claimed later. No clock is compared, as threads and processes need not agree on one.
   */
  readonly onBeat: (held: readonly HeldJob[], newestToken: number) => void;
  /** Called when a beat could not be written; the next one is tried all the same. */
  readonly onError: (error: Error) => void;
}

interface ListQuery {
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export interface JobQuery extends ListQuery {
  readonly status?: JobStatus;
  readonly type?: string;
  readonly workflowId?: string;
}

export interface DeadLetterFilter {
  /** Only the dead letter of this job. */
  readonly jobId?: string;
  readonly type?: string;
  readonly reviewed?: boolean;
  readonly reason?: DeadReason;
  /** Text that the last error holds; ASCII letters match in either case. What is encrypted holds none. */
  readonly search?: string;
  /** Died then or later. */
  readonly failedFrom?: Date;
  /** Died before. */
  readonly failedBefore?: Date;
}

export type DiscardedQuery = ListQuery;

export interface DeadLetterQuery extends ListQuery, DeadLetterFilter {}

/** A failed run, newest first in lists. */
export interface FailedRun extends Attempt {
  readonly jobId: string;
  readonly type: string;
}

export interface NewSchedule extends StoredPayload {
  readonly id: string;
  readonly type: string;
  readonly expression: string;
  readonly timeZone: string;
  readonly catchUp: CatchUp;
  readonly overlap: Overlap;
}

/** Builds the job for one slot of a schedule; called inside the transaction that takes the slot. */
export type SlotJob = (schedule: Schedule, slotAtMs: number) => NewJob;

export interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string | null;
}

export interface RevivalPace {
  /** From 1 to 60,000. */
  readonly perMinute: number;
}

/** How long what jobs leave behind is kept, in milliseconds. */
export interface RetentionPolicy {
  /** Completed and cancelled jobs. */
  readonly keepMs: number;
  /** Dead letters, from the time of their death; for ever by default. */
  readonly deadMs?: number;
  /** Logs of runs, from their last line; as long as their job by default. */
  readonly logMs?: number;
  /** The same for some types, where it differs. */
  readonly byType?: Readonly<Record<string, Retention>>;
}

/**
 * What the queue asks of a database. Each verb is one atomic transition; every write about a running job carries
 * its lease token. Both drivers run the same conformance suite.
 * @typeParam Tables the application's own tables, for `transaction` and `read`
 */
export interface JobStore<Tables = unknown> {
  /**
   * The application's SQL and `queue.enqueue(…, { tx })` in one transaction; `full` by default. Transactions that wait
   * together may share a commit: each is rolled back alone, and `work` may run again if that commit is lost. Read with
   * `tx.sql`: what a neighbour in the same commit did is not to be seen through `read` yet.
   */
  transaction<T>(
    work: (tx: Transaction<Tables>) => Promise<T>,
    options?: { readonly durability?: Durability },
  ): Promise<T>;
  /** Queries that change nothing, on a connection of their own. */
  readonly read: Kysely<Tables>;

  enqueue(
    jobs: readonly NewJob[],
    options: { readonly durability: Durability; readonly tx?: OpenTransaction | undefined },
  ): Promise<readonly EnqueueOutcome[]>;
  claim(request: ClaimRequest): Promise<readonly ClaimedJob[]>;
  /**
   * Ends runs, each under its lease. One that cannot be written fails no other: the call rejects if it was given it
   * alone, and among several its outcome has the error.
   * @param options.tx joins this transaction: a refusal is for the caller to roll back, and so is an error, with which
   *   the call rejects
   */
  finish(
    finishes: readonly Finish[],
    options?: { readonly tx?: OpenTransaction | undefined },
  ): Promise<readonly FinishOutcome[]>;
  /** Marks the worker as alive and tells what it holds. */
  beat(worker: { readonly id: string; readonly leaseMs: number }): Promise<readonly HeldJob[]>;
  heartbeat(options: HeartbeatOptions): Heartbeat;
  /** A ring may be lost with the worker it was meant for, so who has a bell still looks by itself now and then. */
  bell(options: BellOptions): Bell;
  /** Notes that a worker has begun to stop: being killed from now on makes suspects of no job. */
  drain(workerId: string): Promise<void>;
  /** Removes an idle worker's presence; what it still holds is left to `rescue`. */
  retire(workerId: string): Promise<void>;
  /**
   * Moves due jobs among the claimable ones, and goes on telling the very many children of parents that have ended, all
   * in small transactions; returns how many jobs it moved or told.
   */
  promoteDue(): Promise<number>;
  /**
   * How long until the next scheduled job of these lines is due, or until a rate lets through the next one that it
   * holds back, in milliseconds; null if there is neither. May be too short, never too long.
   */
  untilNextDue(lines: readonly string[]): Promise<number | null>;
  /**
   * How long until a claim with `lingerMs` would hand out a batch of these lines, in milliseconds; null if no job
   * stands in one of them that may be claimed.
   */
  untilGathered(batch: {
    readonly lines: readonly string[];
    readonly size: number;
    readonly lingerMs: number;
  }): Promise<number | null>;
  /** Gives up the jobs of these lines that nobody claimed in time, in small transactions; returns how many. */
  expire(expiry: Expiry): Promise<number>;
  /**
   * Hands back the jobs of workers that were not seen to beat for their lease, by this store's own observation; returns
   * how many. Goes on with the cancelling of workflows that a process has left half done, and does not wait for long
   * ones: what is left is cancelled meanwhile.
   */
  rescue(): Promise<number>;
  /** Cancels a job; a running one is flagged. Returns the state it is in now. */
  cancel(jobId: string): Promise<JobStatus>;
  /** What a worker runs and somebody asked to cancel: a read cheap enough to be made every second. */
  cancelRequests(workerId: string): Promise<readonly HeldJob[]>;
  /** Calls back when a running job has been flagged through this very store; returns what ends that. */
  onCancelRequest(listener: () => void): () => void;

  /** The stored result of a checkpoint, as JSON text; undefined if the step has none. */
  readStep(job: Pick<ClaimedJob, "id" | "generation">, step: string): Promise<string | undefined>;
  /** Stores a checkpoint under the job's lease; false if the lease was lost. */
  recordStep(
    job: Pick<ClaimedJob, "id" | "generation" | "leaseToken">,
    step: string,
    result: string,
  ): Promise<boolean>;

  /**
   * Stores what runs tell of themselves, each under its lease, in small transactions; what is left out stays.
   * @returns of each whether it was stored; false if the lease was lost
   */
  report(told: readonly Told[]): Promise<readonly boolean[]>;
  /** What the runs of a job told, of the last twenty that told anything, oldest first. */
  reports(jobId: string): Promise<readonly StoredReport[]>;

  getJob(jobId: string): Promise<Job | null>;
  listJobs(query: JobQuery): Promise<Page<Job>>;
  /** All jobs of a workflow in the order of creation, dead ones as `failed`. */
  workflowJobs(workflowId: string): Promise<readonly Job[]>;
  /** How the jobs of a workflow stand, counted in one query; null if there are none. */
  countWorkflow(workflowId: string): Promise<WorkflowCounts | null>;
  /**
   * Cancels all jobs of a workflow that have not ended, in small transactions; running ones are flagged, and what they
   * still add is stored as cancelled. If the process dies in between, the next `rescue` of another goes on.
   * @throws {WorkflowNotFoundError}
   */
  cancelWorkflow(workflowId: string): Promise<void>;
  /**
   * Retries the dead letters of a workflow, and with them what their deaths had cancelled; returns how many.
   * @throws {WorkflowNotFoundError}
   * @throws {JobStateError} if it was cancelled as a whole
   */
  retryWorkflow(workflowId: string): Promise<number>;
  /** The jobs that a job depends on, in the order of their creation, with their results. */
  parents(jobId: string): Promise<readonly Job[]>;
  attempts(jobId: string): Promise<readonly Attempt[]>;
  recentFailures(limit: number): Promise<readonly FailedRun[]>;

  getDeadLetter(id: string): Promise<DeadLetter | null>;
  listDeadLetters(query: DeadLetterQuery): Promise<Page<DeadLetter>>;
  /** Moves a dead letter back under its original id, attempts 0, history kept. */
  revive(deadLetterId: string): Promise<Job>;
  /**
   * Does the same to every dead letter that is there now and fits, oldest first, in small transactions.
   * @param pace.perMinute so many of them run in a minute: the first at once, the others scheduled one behind the other
   * @returns how many
   */
  reviveMany(filter: DeadLetterFilter, pace?: RevivalPace): Promise<number>;
  /** How many `reviveMany` would find; `atMost` if there are as many or more. */
  countRevivable(filter: DeadLetterFilter, atMost: number): Promise<number>;
  /**
   * Takes a dead letter off the list: its job is not found any more and its unique key is free. It can be put back
   * until it is pruned, as ended jobs are.
   * @throws {JobNotFoundError}
   */
  discard(deadLetterId: string, audit: AuditEntry): Promise<void>;
  listDiscarded(query: DiscardedQuery): Promise<Page<DiscardedJob>>;
  /**
   * Takes a discard back: the dead letter is as it was, with all that its retry brings back.
   * @throws {JobNotFoundError} if it is not among the discarded
   * @throws {JobStateError} if a newer job has its unique key
   */
  putBack(deadLetterId: string, audit: AuditEntry): Promise<void>;
  /**
   * Deletes a discarded job at once and for good, with its payload and its history.
   * @throws {JobNotFoundError} if it is not among the discarded
   */
  erase(deadLetterId: string, audit: AuditEntry): Promise<void>;
  editDeadLetter(
    deadLetterId: string,
    change: { readonly stored?: StoredPayload; readonly reviewed?: boolean; readonly notes?: string | null },
  ): Promise<DeadLetter>;

  registerSchedule(schedule: NewSchedule): Promise<Schedule>;
  /** Registers these, and switches off those that were declared before and are not among them. */
  declareSchedules(declared: readonly NewSchedule[]): Promise<DeclaredSchedules>;
  listSchedules(): Promise<readonly Schedule[]>;
  /** @throws {JobNotFoundError} as the next three do */
  pauseSchedule(id: string, audit: AuditEntry): Promise<Schedule>;
  /** Goes on with the first slot after now. */
  resumeSchedule(id: string, audit: AuditEntry): Promise<Schedule>;
  /**
   * Changes all but the type, if the schedule is still at `version`. Its next run is planned anew if its times changed.
   * @throws {ScheduleConflictError} if it is not
   */
  editSchedule(schedule: NewSchedule, version: number, audit: AuditEntry): Promise<Schedule>;
  removeSchedule(id: string, audit: AuditEntry): Promise<void>;
  /**
   * Enqueues every slot that is due, each exactly once over any number of callers.
   * @throws {ScheduleInvalidError} naming the schedules that cannot be worked; the others' jobs were added
   */
  takeDueSlots(jobFor: SlotJob): Promise<number>;

  /** Stops claims of a type, or of all types (null), in every process; what runs is left alone. */
  pause(type: string | null, audit: AuditEntry): Promise<void>;
  /** Lets claims go on, and wakes idle workers for what has come to wait. A pause of the other kind stays. */
  resume(type: string | null, audit: AuditEntry): Promise<void>;
  pauses(): Promise<Pauses>;

  /** Sets a limit in place of the one there was, for all workers from their next claim on. */
  setLimit(limit: NewLimit, audit: AuditEntry): Promise<void>;
  /** Lifts what is called so; of a declared one it is remembered, so that no declaration brings it back. */
  liftLimit(name: string, audit: AuditEntry): Promise<void>;
  /** Makes a limit what was declared last; false if none of this name is declared. */
  resetLimit(name: string, audit: AuditEntry): Promise<boolean>;
  /** Sets these and lifts those that were declared before and are not among them, except what was set by hand. */
  declareLimits(declared: readonly NewLimit[]): Promise<DeclaredLimits>;
  /** Notes which types share which limit, for all who claim. Writes only what it did not know. */
  shareLimits(shares: readonly LimitShare[]): Promise<void>;
  limits(): Promise<readonly StandingLimit[]>;

  /** Sets how many turns a group has, for jobs that enter the line from now on; 1 is forgotten. */
  setGroupWeight(weight: GroupWeight, audit: AuditEntry): Promise<void>;
  /** Those that are not 1. */
  groupWeights(): Promise<readonly GroupWeight[]>;
  /** The groups that there are, as far as a look of bounded cost finds them. */
  groups(): Promise<Groups>;
  stats(): Promise<QueueStats>;
  /** What happened in each minute, both ends included; of a minute there may be several, for several types. */
  minuteStats(range: MinuteRange): Promise<readonly MinuteStat[]>;
  /** What the health is judged by; like the statistics, at a cost that does not grow with the queue. */
  healthFacts(): Promise<HealthFacts>;
  workers(): Promise<readonly WorkerRecord[]>;
  /**
   * Records events for a listener, from the next one on or still; to be called again before the time is over.
   * @param listener.forMs how long it may be silent before it is taken for gone, in milliseconds
   * @returns the place of the last event, and whether the listener was not known
   */
  listen(listener: {
    readonly id: string;
    readonly forMs: number;
  }): Promise<{ readonly last: number; readonly isNew: boolean }>;
  unlisten(listenerId: string): Promise<void>;
  /** The events after a place, in the order in which they were committed. */
  events(after: number, limit: number): Promise<EventPage>;
  audit(entry: AuditEntry): Promise<void>;
  /**
   * Deletes what is older than its retention, in small transactions; returns how many jobs and dead letters went.
   * @throws {OptionInvalidError} if a retention is no number from 0; nothing is deleted
   */
  prune(policy: RetentionPolicy): Promise<number>;
  /**
   * Copies the write-ahead log into the database file so that it stays short. One process does this for all; how long
   * the log is afterwards, in bytes, tells whether a reader held it.
   */
  checkpoint(): Promise<{ readonly logBytes: number }>;
  close(): Promise<void>;
}
