// Size: the class is what an application calls, verb by verb; what a verb does stands in a file of its own.
import { awaitResult, type ResultOptions } from "./await-result.ts";
import { type CatalogIndex, definitionOf, indexCatalog } from "./catalog.ts";
import { type Clock, systemClock } from "./clock.ts";
import {
  buildSchedule,
  buildSlotJob,
  type CronChange,
  type CronDefinition,
  type CronDefinitionOf,
  type CronOptions,
  type CronTiming,
  keepCiphertext,
  keepPayload,
  requireCronChange,
  requireCronOptions,
} from "./cron.ts";
import type { JobCatalog, JobType, PayloadInput, PayloadOutput, ResultOutput } from "./define-job.ts";
import { describeError } from "./error-text.ts";
import {
  EncryptionKeyMissingError,
  JobDependencyError,
  JobNotFoundError,
  LeaseLostError,
  LimitUnknownError,
  OptionInvalidError,
  PayloadInvalidError,
  placed,
  ScheduleInvalidError,
  SealBrokenError,
  WorkflowNotFoundError,
} from "./errors.ts";
import { type EventOptions, followEvents, type JobEvent, type MissedEvents } from "./events.ts";
import { type Groups, type GroupWeight, requireWeight } from "./groups.ts";
import { DEFAULT_HEALTH_LIMITS, type HealthLimits, judgeHealth, type QueueHealth } from "./health.ts";
import { type HistoryQuery, type QueueHistory, rangeOf, toHistory } from "./history.ts";
import type { Attempt, ClaimedJob, DeadLetter, Job } from "./job.ts";
import { buildBurial, judgeFailure, type OnFault } from "./judge-failure.ts";
import { Keyring } from "./keyring.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import {
  type DeclaredLimits,
  type JobLimit,
  limitShares,
  limitTarget,
  requireLimit,
  type StandingLimit,
} from "./limits.ts";
import { buildJob, type JobSettings, requireWithinReach, SETTING_NAMES, storePayload } from "./new-job.ts";
import type { Pauses } from "./pauses.ts";
import { checkTogether } from "./payload.ts";
import { readResult, storeResult } from "./results.ts";
import { retentionOf } from "./retention.ts";
import { openReport, type RunReport } from "./run-report.ts";
import type { DeclaredSchedules, Schedule } from "./schedule.ts";
import { openError, openPayload, openResult, readableLines, sealError } from "./sealed.ts";
import type { QueueStats } from "./stats.ts";
import type {
  AuditEntry,
  Burial,
  ClaimRequest,
  Durability,
  EnqueueOutcome,
  ExpiredJob,
  Finish,
  JobStore,
  NewJob,
  NewSchedule,
  OpenTransaction,
  RetentionPolicy,
  Verdict,
} from "./store.ts";
import {
  isPayloadFault,
  type PayloadFault,
  presentPayload,
  type Readable,
  readStored,
  refuseNewer,
} from "./stored-payload.ts";
import {
  judgeWorkflow,
  planWorkflow,
  type StartedWorkflow,
  type WorkflowState,
  type WorkflowSteps,
} from "./workflow.ts";
import { newWorkflowId } from "./workflow-id.ts";

export interface QueueOptions<Jobs extends JobCatalog, Tables> {
  readonly store: JobStore<Tables>;
  readonly jobs: Jobs;
  /** What encrypted types are encrypted with: made by `createKeyring`. */
  readonly keyring?: Keyring;
  readonly clock?: Clock;
  /** A number in [0, 1), for jitter and workflow ids. */
  readonly random?: () => number;
}

export interface EnqueueOptions extends JobSettings {
  /** Join this transaction: the job exists if and when it commits. */
  readonly tx?: OpenTransaction | undefined;
  /** `full` by default: once `enqueue` resolves, the job survives a power cut. Ignored with `tx`. */
  readonly durability?: Durability | undefined;
}

const ENQUEUE_NAMES: OptionNames<EnqueueOptions> = { ...SETTING_NAMES, tx: true, durability: true };

export interface ActOptions {
  /** Who asks for it, for the audit log; `code` by default. */
  readonly actor?: string;
}

export interface FinishOptions {
  /** Join this transaction: the run has ended if and when it commits. */
  readonly tx?: OpenTransaction;
}

/** A stored job, and whether it was there already under the same unique key. */
export type EnqueuedJob<Type extends string = string> = Job & {
  readonly type: Type;
  readonly deduplicated: boolean;
};

/** What became of one of many jobs: `deduplicated` if one with its unique key was there, which is `job` then. */
export type EnqueueResult<Type extends string = string> =
  | { readonly outcome: "added" | "deduplicated"; readonly job: Job & { readonly type: Type } }
  | { readonly outcome: "refused"; readonly error: RefusedItemError };

/** Why one of many jobs was not added. */
export type RefusedItemError = PayloadInvalidError | OptionInvalidError | JobDependencyError;

type Built = { readonly job: NewJob } | { readonly error: RefusedItemError };

/** A claimed job with its payload parsed by its type's schema. */
export type Claimed<Jobs extends JobCatalog, Type extends JobType<Jobs> = JobType<Jobs>> =
  Type extends JobType<Jobs>
    ? ClaimedJob & { readonly type: Type; readonly payload: PayloadOutput<Jobs, Type> }
    : never;

export interface DequeueOptions<Type> {
  /** Only jobs of these types; all by default. */
  readonly types?: readonly Type[];
  /** How long a silent worker keeps its jobs, in milliseconds; 30,000 by default. */
  readonly leaseMs?: number;
}

/** What a worker claims, by the names of job types. */
export interface QueueClaim extends Omit<ClaimRequest, "bury" | "lines"> {
  readonly types: readonly string[];
}

/** A claimed job that cannot run: its payload is at fault, or else it has no attempt left. */
interface Unrunnable {
  readonly job: ClaimedJob;
  readonly fault: PayloadFault | null;
}

/** What is to change of a dead letter; what is left out stays. */
export interface DeadLetterChange {
  readonly payload?: unknown;
  readonly reviewed?: boolean;
  readonly notes?: string | null;
}

const QUEUE_NAMES: OptionNames<QueueOptions<JobCatalog, unknown>> = {
  store: true,
  jobs: true,
  keyring: true,
  clock: true,
  random: true,
};

/** @throws {OptionInvalidError} */
function requireQueueOptions<Tables>(options: QueueOptions<JobCatalog, Tables>): void {
  const { store, jobs, keyring } = options;
  const problem =
    unknownOption<QueueOptions<JobCatalog, never>>(options as never, QUEUE_NAMES) ??
    (typeof store?.enqueue === "function"
      ? null
      : `store must be a store, got ${shown(store)}; openSqliteStore gives a promise of one: await it`) ??
    (Array.isArray(jobs) ? null : `jobs must be an array of what defineJob gives, got ${shown(jobs)}`) ??
    (keyring === undefined || keyring instanceof Keyring
      ? null
      : "keyring must be what createKeyring or parseKeyring gives");
  if (problem !== null) throw new OptionInvalidError(`For a queue ${problem}`);
}

const CHANGE_NAMES: OptionNames<DeadLetterChange> = { payload: true, reviewed: true, notes: true };

/** @throws {OptionInvalidError} */
function requireDeadLetterChange(change: DeadLetterChange): void {
  const { reviewed, notes = null } = change;
  const problem =
    unknownOption(change, CHANGE_NAMES) ??
    (reviewed === undefined || typeof reviewed === "boolean"
      ? null
      : `reviewed must be true or false, got ${shown(reviewed)}`) ??
    (notes === null || typeof notes === "string" ? null : `notes must be text or null, got ${shown(notes)}`);
  if (problem !== null) throw new OptionInvalidError(`For a dead letter ${problem}`);
}

export const DEFAULT_LEASE_MS = 30_000;

/**
 * A job queue over a store.
 * @typeParam Jobs the catalog: type names and payloads are checked against it by the compiler
 * @typeParam Tables the application's tables, for `store.transaction`
 */
export class Queue<const Jobs extends JobCatalog = JobCatalog, Tables = unknown> {
  readonly store: JobStore<Tables>;
  readonly catalog: CatalogIndex;
  readonly #clock: Clock;
  readonly #random: () => number;
  #hasShared = false;
  /** Claimed here by `dequeue`, not to run, and not buried yet. */
  #unburied: readonly Unrunnable[] = [];

  constructor(options: QueueOptions<Jobs, Tables>) {
    requireQueueOptions(options);
    this.store = options.store;
    this.catalog = indexCatalog(options.jobs, options.keyring);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /**
   * Adds a job.
   * @throws {PayloadInvalidError} with the field errors; nothing is stored
   * @throws {TransactionMissingError} inside a `store.transaction` callback without `tx`
   */
  async enqueue<Type extends JobType<Jobs>>(
    type: Type,
    payload: PayloadInput<Jobs, Type>,
    options: EnqueueOptions = {},
  ): Promise<EnqueuedJob<Type>> {
    const [outcome] = await this.#store(
      [buildJob(this.catalog, type, payload, options, ENQUEUE_NAMES)],
      options,
    );
    return flatten(outcome);
  }

  /**
   * Adds a job that may run after a delay, never before.
   * @param delayMs milliseconds from now, at most a year
   */
  enqueueDelayed<Type extends JobType<Jobs>>(
    type: Type,
    payload: PayloadInput<Jobs, Type>,
    delayMs: number,
    options: Omit<EnqueueOptions, "delayMs" | "runAt"> = {},
  ): Promise<EnqueuedJob<Type>> {
    return this.enqueue(type, payload, { ...options, delayMs });
  }

  /**
   * Adds many jobs of one type in one transaction: all or none.
   * @param payloads one job each
   * @throws {PayloadInvalidError | OptionInvalidError} saying which of them; nothing is stored
   */
  async enqueueMany<Type extends JobType<Jobs>>(
    type: Type,
    payloads: readonly PayloadInput<Jobs, Type>[],
    options: EnqueueOptions = {},
  ): Promise<readonly EnqueuedJob<Type>[]> {
    const { catalog } = this;
    const jobs: NewJob[] = [];
    try {
      checkTogether(() => {
        for (const payload of payloads) jobs.push(buildJob(catalog, type, payload, options, ENQUEUE_NAMES));
      });
    } catch (error) {
      throw placed(`payloads[${jobs.length}]`, error);
    }
    const outcomes = await this.#store(jobs, options);
    return outcomes.map((outcome) => flatten<Type>(outcome));
  }

  /**
   * Adds many jobs of one type in one transaction, each with settings of its own. One that cannot be stored is told and
   * keeps no other from being added.
   * @returns what became of each, in their order
   * @example
   * const results = await queue.enqueueEach("send_mail", users.map((to) => ({ payload: { to }, uniqueKey: to })));
   * const refused = results.filter(({ outcome }) => outcome === "refused");
   */
  async enqueueEach<Type extends JobType<Jobs>>(
    type: Type,
    items: readonly (JobSettings & { readonly payload: PayloadInput<Jobs, Type> })[],
    options: Pick<EnqueueOptions, "tx" | "durability"> = {},
  ): Promise<readonly EnqueueResult<Type>[]> {
    let built = checkTogether(() => items.map((item) => this.#tryBuild(type, item)));
    const store = (): Promise<readonly EnqueueOutcome[]> =>
      this.#store(
        built.flatMap((each) => ("job" in each ? [each.job] : [])),
        options,
      );
    let stored: readonly EnqueueOutcome[] | undefined;
    while (!stored) {
      try {
        stored = await store();
      } catch (error) {
        // Nothing of the call was written, and the parents are not there for those that named them.
        if (!(error instanceof JobDependencyError) || error.unknownIds.length === 0) throw error;
        built = refuseChildrenOf(new Set(error.unknownIds), built, error);
      }
    }
    const outcomes = stored;
    let next = 0;
    return built.map((each): EnqueueResult<Type> => {
      if ("error" in each) return { outcome: "refused", error: each.error };
      const { deduplicated, ...job } = flatten<Type>(outcomes[next++]);
      return { outcome: deduplicated ? "deduplicated" : "added", job };
    });
  }

  #tryBuild(type: string, item: JobSettings & { readonly payload: unknown }): Built {
    try {
      if (typeof item !== "object" || item === null)
        throw new OptionInvalidError(
          `"${type}": each item must be an object with a payload, got ${shown(item)}`,
        );
      const { payload, ...settings } = item;
      const job = buildJob(this.catalog, type, payload, settings);
      requireWithinReach(job, this.#clock.now());
      return { job };
    } catch (error) {
      if (error instanceof PayloadInvalidError || error instanceof OptionInvalidError) return { error };
      throw error;
    }
  }

  /**
   * Adds the first job of a new workflow; what its handlers enqueue joins the same workflow.
   * @returns the workflow's id
   */
  async startWorkflow<Type extends JobType<Jobs>>(
    type: Type,
    payload: PayloadInput<Jobs, Type>,
    options: EnqueueOptions = {},
  ): Promise<string> {
    const workflowId = options.workflowId ?? this.newWorkflowId();
    await this.enqueue(type, payload, { ...options, workflowId });
    return workflowId;
  }

  /**
   * Adds all jobs of a new workflow at once, all or none: each runs when those it stands `after` have completed. A
   * handler finds their results with `ctx.parents()`; what handlers enqueue joins the same workflow.
   * @param steps jobs by the names of their steps
   * @throws {WorkflowInvalidError} if a parent is unknown or steps wait for one another; nothing is stored
   * @throws {PayloadInvalidError | OptionInvalidError} as `enqueue` does
   * @example
   * const { workflowId } = await queue.startWorkflowOf({
   *   charge: { type: "charge_card", payload: { orderId } },
   *   invoice: { type: "make_invoice", payload: { orderId }, after: "charge" },
   *   mail: { type: "send_mail", payload: { orderId }, after: ["charge", { step: "invoice", whenDead: "continue" }] },
   * });
   */
  async startWorkflowOf<Types extends Readonly<Record<string, JobType<Jobs>>>>(
    steps: WorkflowSteps<Jobs, Types>,
    options: Pick<EnqueueOptions, "tx" | "durability"> & { readonly workflowId?: string } = {},
  ): Promise<StartedWorkflow<Types>> {
    const workflowId = options.workflowId ?? this.newWorkflowId();
    const plan = planWorkflow(this.catalog, steps, workflowId);
    const outcomes = await this.#store(
      plan.map(({ job }) => job),
      options,
    );
    const jobs = Object.fromEntries(plan.map(({ name }, i) => [name, flatten(outcomes[i])]));
    // A job for each of the names, as the plan has them.
    return { workflowId, jobs: jobs as StartedWorkflow<Types>["jobs"] };
  }

  /** Where a workflow stands, by one query; null if no job belongs to it (any more). */
  async workflow(workflowId: string): Promise<WorkflowState | null> {
    const counts = await this.store.countWorkflow(workflowId);
    return counts && judgeWorkflow(workflowId, counts);
  }

  /**
   * Waits until a job has ended, whichever process runs it, by looking now and then. For a caller who cannot go on
   * without; a job that comes next belongs into the handler (`ctx.enqueue`) or a workflow.
   * @param job what `enqueue` gave, so that the result has its type; or an id
   * @returns what its handler returned, as its type's schema for results gives it; without one as JSON has it, and null
   *   if that was nothing
   * @throws {JobFailedError} if it was given up
   * @throws {JobCancelledError} if it was cancelled
   * @throws {ResultTimeoutError} if it has not ended in time; it goes on
   * @throws {OptionInvalidError} if the timeout is no number from 0
   * @throws {JobNotFoundError} if there is no such job (any more)
   * @throws {ResultInvalidError} if its type's schema for results no longer accepts what is stored
   * @throws {EncryptionKeyMissingError} if the result is encrypted with a key that is not here
   */
  result<Type extends JobType<Jobs>>(
    job: { readonly id: string; readonly type: Type },
    options?: ResultOptions,
  ): Promise<ResultOutput<Jobs, Type>>;
  result(jobId: string, options?: ResultOptions): Promise<unknown>;
  async result(job: string | { readonly id: string }, options: ResultOptions = {}): Promise<unknown> {
    const jobId = typeof job === "string" ? job : job.id;
    const ended = await awaitResult(this.store, this.#clock, jobId, options, (dead) =>
      this.#lastErrorOf(dead),
    );
    return readResult(this.catalog, ended);
  }

  /** In plain text, if the key is here; what was given up was so for whoever has no key, too. */
  #lastErrorOf(job: Job): string | null {
    try {
      return job.lastError && openError(this.catalog, job, job.lastError);
    } catch (error) {
      if (error instanceof EncryptionKeyMissingError || error instanceof SealBrokenError)
        return job.lastError;
      throw error;
    }
  }

  /**
   * The runs of a job that failed, oldest first, with their errors in plain text.
   * @throws {JobNotFoundError} if there is no such job (any more)
   * @throws {EncryptionKeyMissingError | SealBrokenError} naming the key, if its type is encrypted
   */
  async attempts(jobId: string): Promise<readonly Attempt[]> {
    const job = await this.store.getJob(jobId);
    if (!job) throw new JobNotFoundError(`There is no job ${shown(jobId)}`);
    const failed = await this.store.attempts(jobId);
    return failed.map((each) => ({ ...each, error: each.error && openError(this.catalog, job, each.error) }));
  }

  /**
   * What the runs of a job told of themselves, oldest first: progress, and the log where its type says `keepLog`. Of
   * the last twenty runs that told anything; those that told nothing are left out.
   * @throws {JobNotFoundError} if there is no such job (any more)
   * @throws {EncryptionKeyMissingError | SealBrokenError} naming the key, if its type is encrypted
   * @example
   * const progress = (await queue.reports(jobId)).at(-1)?.progress;
   */
  async reports(jobId: string): Promise<readonly RunReport[]> {
    const job = await this.store.getJob(jobId);
    if (!job) throw new JobNotFoundError(`There is no job ${shown(jobId)}`);
    return (await this.store.reports(jobId)).map((stored) => openReport(this.catalog, job, stored));
  }

  /**
   * A job or a dead letter with what of it is encrypted in plain text: payload, result and last error. What is not
   * encrypted stays as it is.
   * @throws {EncryptionKeyMissingError | SealBrokenError} naming the key
   */
  decrypt<Stored extends Job | DeadLetter>(stored: Stored): Stored {
    const { catalog } = this;
    const job = { id: "originalJobId" in stored ? stored.originalJobId : stored.id, type: stored.type };
    return {
      ...stored,
      payload: stored.keyId === null ? stored.payload : openPayload(catalog, stored),
      ...("result" in stored && { result: openResult(catalog, job, ["result"], stored.result) }),
      lastError: stored.lastError && openError(catalog, job, stored.lastError),
    };
  }

  /**
   * Cancels a workflow as a whole: jobs that have not begun end at once, running ones are told, and what they still add
   * is stored as cancelled. No retry brings any of them back.
   * @returns where it stands then: `running` until the last running job has ended
   * @throws {WorkflowNotFoundError}
   */
  async cancelWorkflow(workflowId: string): Promise<WorkflowState> {
    await this.store.cancelWorkflow(workflowId);
    return this.#requireWorkflow(workflowId);
  }

  /**
   * Goes on with a workflow from where it failed: its dead letters are retried, and what their deaths had cancelled
   * waits for them again.
   * @throws {WorkflowNotFoundError}
   * @throws {JobStateError} if it was cancelled as a whole
   */
  async retryWorkflow(workflowId: string): Promise<WorkflowState> {
    await this.store.retryWorkflow(workflowId);
    return this.#requireWorkflow(workflowId);
  }

  async #requireWorkflow(workflowId: string): Promise<WorkflowState> {
    const state = await this.workflow(workflowId);
    if (!state) throw new WorkflowNotFoundError(`Workflow ${workflowId} was deleted meanwhile`);
    return state;
  }

  /** An id for a workflow whose first job is enqueued later, e.g. with the order it belongs to. */
  newWorkflowId(): string {
    return newWorkflowId(this.#clock.now(), this.#random);
  }

  /**
   * Claims one job for a worker, or null if none is due.
   * The lease lasts as long as this worker claims or beats; see `store.beat`.
   * A job whose stored payload its schema no longer accepts goes to the dead letters, as does one whose last attempt
   * was ended in a worker that hung, and the next job is taken.
   * @throws {JobTypeUnknownError} if the catalog has no such type; nothing is claimed
   */
  async dequeue<Type extends JobType<Jobs> = JobType<Jobs>>(
    workerId: string,
    options: DequeueOptions<Type> = {},
  ): Promise<Claimed<Jobs, Type> | null> {
    for (;;) {
      const claimed = await this.#claim(workerId, 1, options);
      const [valid] = await this.#buryUnrunnable(claimed);
      if (valid) return valid as Claimed<Jobs, Type>;
      if (claimed.length === 0) return null;
    }
  }

  /**
   * Claims up to `limit` jobs for a worker. May return fewer, even none, while more are due: what `dequeue` passes over
   * is buried here too.
   * @param limit a whole number from 1
   */
  async dequeueBatch<Type extends JobType<Jobs> = JobType<Jobs>>(
    workerId: string,
    limit: number,
    options: DequeueOptions<Type> = {},
  ): Promise<readonly Claimed<Jobs, Type>[]> {
    if (!Number.isInteger(limit) || limit < 1)
      throw new OptionInvalidError(`limit must be a whole number from 1, got ${limit}`);
    const claimed = await this.#claim(workerId, limit, options);
    return (await this.#buryUnrunnable(claimed)) as readonly Claimed<Jobs, Type>[];
  }

  /**
   * Records a run as completed.
   * @param result anything JSON can hold; readable as the job's `result`
   * @throws {LeaseLostError} if another worker has the job by now: nothing was written. Let it out of the callback that
   *   `options.tx` belongs to, so that what else the callback did is rolled back
   * @throws {ResultInvalidError} if the result cannot be stored; the job still runs
   */
  async completeJob(claimed: ClaimedJob, result?: unknown, options: FinishOptions = {}): Promise<void> {
    const json = storeResult(this.catalog, claimed, result);
    const end = { verdict: { verb: "complete", result: json }, followUps: [] } as const;
    await this.#finish(claimed, end, options);
  }

  /**
   * Records a run as failed: the job is retried after its type's backoff, or moves to the dead letters.
   * @param error what went wrong; a `NonRetryableError` gives the job up at once
   * @throws {LeaseLostError} as `completeJob` does
   */
  async failJob(claimed: ClaimedJob, error: unknown, options: FinishOptions = {}): Promise<void> {
    const verdict = this.verdictOnFailure(claimed, error, { timedOut: false });
    await this.#finish(claimed, this.withFollowUps(claimed, verdict), options);
  }

  /**
   * Decides what a failed run means for its job.
   * @param options.onFault told when the type's own policy throws; the verdict's error says so, too
   */
  verdictOnFailure(
    { type, attempt, maxAttempts }: ClaimedJob,
    error: unknown,
    { timedOut, onFault = noted }: { readonly timedOut: boolean; readonly onFault?: OnFault },
  ): Verdict {
    const { retry } = definitionOf(this.catalog, type);
    return judgeFailure({ attempt, maxAttempts, error, timedOut }, retry, this.#random, onFault);
  }

  /**
   * Adds to a verdict the jobs that the type's `onDead` hook asks for if it buries the job.
   * @param onFault told when the hook throws; the verdict's error says so, too
   */
  withFollowUps(
    claimed: ClaimedJob,
    verdict: Verdict,
    onFault: OnFault = noted,
  ): { readonly verdict: Verdict; readonly followUps: readonly NewJob[] } {
    if (verdict.verb !== "bury") return { verdict: this.#sealVerdict(claimed, verdict), followUps: [] };
    const { id, type, payload, workflowId, attempt: attempts } = claimed;
    const { reason } = verdict;
    const dead = { id, type, payload, workflowId, attempts, reason, error: verdict.error };
    const { error, followUps } = buildBurial(this.catalog, dead, onFault);
    return { verdict: this.#sealVerdict(claimed, { ...verdict, error }), followUps };
  }

  #sealVerdict({ id, type }: ClaimedJob, verdict: Verdict): Verdict {
    return "error" in verdict
      ? { ...verdict, error: sealError(this.catalog, type, id, verdict.error) }
      : verdict;
  }

  /**
   * The finish of a job that was claimed with no attempt left: its last run was ended by the heartbeat of a worker that
   * hung.
   * @param onFault told when the type's `onDead` hook throws; the verdict's error says so, too
   */
  async buryExhausted(job: ClaimedJob, onFault: OnFault = noted): Promise<Finish> {
    const last = (await this.store.attempts(job.id)).at(-1);
    const verdict: Verdict = {
      verb: "bury",
      reason: "attempts_exhausted",
      error: last?.error ?? "It has no attempt left",
      timedOut: last?.outcome === "timed_out",
    };
    return { job, ...this.withFollowUps(job, verdict, onFault), effects: [] };
  }

  /**
   * The verdict on a job whose stored payload cannot be what it runs with: no retry can help. The type's `onDead` hook
   * is not asked, as it is typed by the schema that refused the payload.
   */
  verdictOnPayload({ id, type }: ClaimedJob, fault: PayloadFault): Verdict {
    const reason = fault instanceof SealBrokenError ? "undecryptable_payload" : "invalid_payload";
    const error = sealError(this.catalog, type, id, describeError(fault));
    return { verb: "bury", reason, error, timedOut: false };
  }

  /**
   * Gives up the jobs of this catalog that nobody claimed in time; returns how many. A claim does that to those it
   * meets; this one finds also jobs of types that nobody claims.
   * @param options.signal once it is aborted no more are given up than those of the transaction that is under way
   */
  expireJobs(options: { readonly signal?: AbortSignal } = {}): Promise<number> {
    return this.store.expire({
      ...options,
      lines: this.linesOf([...this.catalog.keys()]),
      bury: (job) => this.#buryExpired(job),
    });
  }

  #buryExpired(job: ExpiredJob): Burial {
    const error = `Nobody claimed it within ${job.expireAfterMs} ms`;
    const parsed = this.parse(job);
    // As with an invalid payload that was claimed.
    if (isPayloadFault(parsed)) return { error, followUps: [] };
    const burial = buildBurial(this.catalog, { ...parsed, reason: "expired", error }, noted);
    // What its hook threw may hold what the payload does.
    if (burial.error === error) return burial;
    return { ...burial, error: sealError(this.catalog, job.type, job.id, burial.error) };
  }

  /** Hands back the jobs of workers that have stopped beating; returns how many. */
  releaseStaleJobs(): Promise<number> {
    return this.store.rescue();
  }

  /**
   * Registers a recurring job, or updates the one with this id; one that is paused stays so.
   * @param timing five fields (minute hour day month weekday), or six with seconds first; or `{ everyMs }`
   * @throws {ScheduleInvalidError} if the timing, the zone or the limits of catching up cannot be used
   * @throws {PayloadInvalidError} if the payload does not fit the type
   */
  async registerCron<Type extends JobType<Jobs>>(
    type: Type,
    timing: CronTiming,
    options: CronOptions<PayloadInput<Jobs, Type>> = {},
  ): Promise<Schedule> {
    requireCronOptions(options);
    const schedule = buildSchedule(this.catalog, type, timing, options, this.#clock.now());
    return this.store.registerSchedule(schedule);
  }

  /**
   * Makes the recurring jobs those that the code declares, all or none: new ones are added, changed ones updated, and
   * those that an earlier call declared and this one does not are switched off. What an operator edited or paused stays
   * so, and `registerCron`'s schedules are none of its business.
   * @throws {ScheduleInvalidError} as `registerCron` does, and if two have one id; nothing is changed
   * @throws {PayloadInvalidError}
   */
  async syncCron(definitions: readonly CronDefinitionOf<Jobs>[]): Promise<DeclaredSchedules> {
    const nowMs = this.#clock.now();
    const ids = new Set<string>();
    const standing = new Map((await this.store.listSchedules()).map((schedule) => [schedule.id, schedule]));
    // What is true of each type is true of any: the compiler cannot see that while the catalog is open.
    const untyped = definitions as readonly CronDefinition[];
    const declared = untyped.map(({ type, expression, ...options }) => {
      const schedule = this.#declaredSchedule(type, expression, options, nowMs);
      if (ids.has(schedule.id)) throw new ScheduleInvalidError(`Two schedules are called ${schedule.id}`);
      ids.add(schedule.id);
      return keepCiphertext(this.catalog, schedule, standing.get(schedule.id));
    });
    return this.store.declareSchedules(declared);
  }

  #declaredSchedule(type: string, timing: CronTiming, options: CronOptions, nowMs: number): NewSchedule {
    try {
      requireCronOptions(options);
      return buildSchedule(this.catalog, type, timing, options, nowMs);
    } catch (error) {
      throw placed(`Schedule "${options.id ?? type}"`, error);
    }
  }

  /**
   * Stops a schedule: it adds no jobs until it is resumed. Jobs it has added are left alone.
   * @throws {JobNotFoundError}
   */
  pauseCron(id: string, { actor = "code" }: ActOptions = {}): Promise<Schedule> {
    return this.store.pauseSchedule(id, auditOf(actor, "schedule.pause", id));
  }

  /**
   * Goes on with a paused schedule from its first slot after now: those of the pause are passed over, whatever its
   * catch-up policy, which is about slots that nobody was there to take.
   * @throws {JobNotFoundError}
   */
  resumeCron(id: string, { actor = "code" }: ActOptions = {}): Promise<Schedule> {
    return this.store.resumeSchedule(id, auditOf(actor, "schedule.resume", id));
  }

  /**
   * Changes a schedule. If its times change, it goes on from its first new slot after now.
   * @param options.version the version that was looked at; the present one by default
   * @throws {JobNotFoundError}
   * @throws {ScheduleConflictError} if it was changed since that version
   * @throws {ScheduleInvalidError | PayloadInvalidError | JobTypeUnknownError} as `registerCron` does
   */
  async editCron(
    id: string,
    change: CronChange,
    { actor = "code", version }: ActOptions & { readonly version?: number } = {},
  ): Promise<Schedule> {
    const before = await this.#schedule(id);
    requireCronChange(change);
    const { expression = before.expression, ...options } = change;
    const settings = { ...before, ...options };
    const { type } = before;
    const stored = options.payload === undefined ? keepPayload(this.catalog, before) : undefined;
    const schedule = buildSchedule(this.catalog, type, expression, settings, this.#clock.now(), stored);
    const detail = Object.keys(change).join(", ");
    const audit = { ...auditOf(actor, "schedule.edit", id), detail };
    return this.store.editSchedule(schedule, version ?? before.version, audit);
  }

  /**
   * Deletes a schedule; the jobs it has added stay, and no slot it took comes again.
   * @throws {JobNotFoundError}
   */
  removeCron(id: string, { actor = "code" }: ActOptions = {}): Promise<void> {
    return this.store.removeSchedule(id, auditOf(actor, "schedule.remove", id));
  }

  /**
   * Enqueues what the schedules say is due, each slot exactly once; returns how many jobs were added.
   * @throws {ScheduleInvalidError} naming the schedules that cannot be worked; the others' jobs were added
   */
  runDueCronJobs(): Promise<number> {
    return this.store.takeDueSlots((schedule, slotAtMs) => buildSlotJob(this.catalog, schedule, slotAtMs));
  }

  /**
   * Adds a job of a schedule now, beside its slots, which stay as they are.
   * @throws {JobNotFoundError}
   * @throws {PayloadInvalidError | JobTypeUnknownError} if its payload no longer fits its type
   */
  async runCron(id: string, { actor = "code" }: ActOptions = {}): Promise<EnqueuedJob> {
    const schedule = await this.#schedule(id);
    const job = buildSlotJob(this.catalog, schedule, null);
    await this.store.audit(auditOf(actor, "schedule.run", id));
    const [outcome] = await this.#store([job], {});
    return flatten(outcome);
  }

  async #schedule(id: string): Promise<Schedule> {
    const found = (await this.store.listSchedules()).find((schedule) => schedule.id === id);
    if (found) return found;
    throw new JobNotFoundError(`There is no schedule ${id}`);
  }

  /**
   * What a stored payload is by its type's present version, for somebody who is about to edit it: not checked yet. One
   * that cannot be upcast here (its type is gone, it is newer, an upcaster throws) is given as it is stored.
   */
  presentPayload(stored: Readable): unknown {
    return presentPayload(this.catalog, stored);
  }

  /**
   * Changes a dead letter. A new payload is checked against its type as it is now and stored as of its present version.
   * @throws {JobNotFoundError}
   * @throws {PayloadNewerError} for a new payload in place of one that a newer deploy has stored
   * @throws {PayloadInvalidError | JobTypeUnknownError | OptionInvalidError} nothing is changed
   */
  async editDeadLetter(
    id: string,
    change: DeadLetterChange,
    { actor = "code" }: ActOptions = {},
  ): Promise<DeadLetter> {
    requireDeadLetterChange(change);
    const { payload, ...rest } = change;
    const dead = await this.store.getDeadLetter(id);
    if (!dead)
      throw new JobNotFoundError(
        `There is no dead letter ${id}; it may have been retried or discarded already`,
      );
    if ("payload" in change) refuseNewer(this.catalog, dead);
    const stored = "payload" in change ? storePayload(this.catalog, dead.type, payload) : undefined;
    const detail = Object.keys(change).join(", ");
    await this.store.audit({ ...auditOf(actor, "dead_letter.edit", id), detail });
    return this.store.editDeadLetter(id, { ...rest, ...(stored && { stored }) });
  }

  /**
   * Stops claims of a type, or of the whole queue, in every process from its next claim on. What runs goes on, and jobs
   * are still added.
   * @param type all types if it is left out
   * @throws {JobTypeUnknownError} if the catalog has no such type
   */
  async pause(type?: JobType<Jobs>, { actor = "code" }: ActOptions = {}): Promise<void> {
    if (type !== undefined) definitionOf(this.catalog, type);
    await this.store.pause(type ?? null, auditOf(actor, "queue.pause", type));
  }

  /**
   * Ends a pause, and wakes idle workers. To resume the queue leaves the types paused that were paused by themselves.
   * @param type the whole queue if it is left out; may have left the catalog
   */
  async resume(type?: JobType<Jobs> | (string & {}), { actor = "code" }: ActOptions = {}): Promise<void> {
    await this.store.resume(type ?? null, auditOf(actor, "queue.resume", type));
  }

  /**
   * Deletes what is older than its retention, in small transactions: completed and cancelled jobs, and dead letters and
   * logs of runs where they have one. To be called once a day or more often.
   * @param policy for all types, but for what `defineJob` says of one; its `byType` goes before both
   * @returns how many jobs and dead letters went
   * @throws {OptionInvalidError} if a time is no number from 0, or there is no such option; nothing is deleted
   * @throws {JobTypeUnknownError} if `byType` names a type that the catalog has not: misspelt, it would keep nothing
   * @example
   * await queue.prune({ keepMs: 7 * DAY_MS, deadMs: 90 * DAY_MS });
   */
  async prune(policy: RetentionPolicy): Promise<number> {
    return this.store.prune(retentionOf(this.catalog, policy));
  }

  /** What is paused, and since when. */
  paused(): Promise<Pauses> {
    return this.store.pauses();
  }

  /**
   * Limits how fast jobs are claimed, over all workers, from the next claim on: those of one type, or of all types that
   * name this limit in their definition, together. What is held back waits without spending an attempt, and holds up no
   * other type. A limit that `syncLimits` declares is overridden until `resetLimit`.
   * @param name a type's, or that of a shared limit
   * @param limit takes the place of the one before; null lifts it
   * @throws {LimitUnknownError} if nothing in the catalog is called so
   * @throws {OptionInvalidError} if a number is out of range
   * @example
   * await queue.setLimit("send_mail", { rate: { limit: 120, periodMs: 60_000, burst: 10 }, concurrency: 4 });
   */
  async setLimit(
    name: JobType<Jobs> | (string & {}),
    limit: JobLimit | null,
    { actor = "code" }: ActOptions = {},
  ): Promise<void> {
    const action = limit === null ? "limit.lift" : "limit.set";
    const audit = { actor, action, subject: name, detail: limit && JSON.stringify(limit) };
    // May have left the catalog.
    if (limit === null) return this.store.liftLimit(name, audit);
    const checked = requireLimit(limitTarget(this.catalog, name), limit);
    await this.#shareLimits();
    await this.store.setLimit(checked, audit);
  }

  /**
   * Gives up what was set at run time for a limit that the code declares: it is as declared from now on.
   * @throws {LimitUnknownError} if the code declares no limit of this name
   */
  async resetLimit(name: string, { actor = "code" }: ActOptions = {}): Promise<void> {
    if (await this.store.resetLimit(name, auditOf(actor, "limit.reset", name))) return;
    throw new LimitUnknownError(`The code declares no limit called "${name}"`);
  }

  /**
   * Makes the limits those that the code declares, all or none: new ones are added, changed ones updated, and those
   * that an earlier call declared and this one does not are lifted. What `setLimit` set or lifted stays so.
   * @param declared limits by the name of a type or of a shared limit
   * @throws {LimitUnknownError | OptionInvalidError} as `setLimit` does; nothing is changed
   */
  async syncLimits(declared: Readonly<Record<string, JobLimit>>): Promise<DeclaredLimits> {
    const limits = Object.entries(declared).map(([name, limit]) =>
      requireLimit(limitTarget(this.catalog, name), limit),
    );
    await this.#shareLimits();
    return this.store.declareLimits(limits);
  }

  /** The limits that there are, and those that were lifted though the code declares them. */
  limits(): Promise<readonly StandingLimit[]> {
    return this.store.limits();
  }

  /** Tells the store once which types share which limit. */
  async #shareLimits(): Promise<void> {
    if (this.#hasShared) return;
    await this.store.shareLimits(limitShares(this.catalog));
    this.#hasShared = true;
  }

  /**
   * Sets how many turns the jobs of a group have for one of each other group, for those that enter the line from now
   * on.
   * @param weight from 0.01 to 1,000; 1 is what a group has that was never given one
   * @throws {OptionInvalidError} if it is out of range
   * @example
   * await queue.setGroupWeight("acme", 4);
   */
  async setGroupWeight(groupKey: string, weight: number, { actor = "code" }: ActOptions = {}): Promise<void> {
    const audit = { actor, action: "group.weight", subject: groupKey, detail: String(weight) };
    await this.store.setGroupWeight(requireWeight(groupKey, weight), audit);
  }

  /** The groups whose weight is not 1. */
  groupWeights(): Promise<readonly GroupWeight[]> {
    return this.store.groupWeights();
  }

  /**
   * Which groups have jobs that wait or run, and which have a weight. It looks at the 2,000 jobs that come first, so
   * its cost does not grow with the queue.
   */
  groups(): Promise<Groups> {
    return this.store.groups();
  }

  /**
   * What happens to jobs from now on, in whichever process: an endless iteration, in the order of the commits. A queue
   * that nobody listens to pays nothing for it; while somebody does, each change of a job writes a row more.
   * @throws {OptionInvalidError} at the first step, if an option cannot be used
   * @example
   * for await (const event of queue.events({ kinds: ["dead"], signal })) if (event.kind === "dead") alert(event.error);
   */
  events(
    options: EventOptions<JobType<Jobs>> = {},
  ): AsyncGenerator<JobEvent | MissedEvents, void, undefined> {
    return followEvents(this.store, this.#clock, options);
  }

  stats(): Promise<QueueStats> {
    return this.store.stats();
  }

  /**
   * Tells what happened lately, from counters by the minute: throughput, and how long jobs waited and ran.
   * @throws {OptionInvalidError | JobTypeUnknownError}
   */
  async history(query: HistoryQuery = {}): Promise<QueueHistory> {
    if (query.type !== undefined) definitionOf(this.catalog, query.type);
    const range = rangeOf(query, this.#clock.now());
    return toHistory(await this.store.minuteStats(range), range);
  }

  /**
   * Judges the queue: see `HealthLimits` for what counts as an issue.
   * @throws {OptionInvalidError} if a limit is no number from 0
   */
  async checkQueueHealth(limits: Partial<HealthLimits> = {}): Promise<QueueHealth> {
    const all = { ...DEFAULT_HEALTH_LIMITS, ...limits };
    return judgeHealth(await this.store.healthFacts(), this.#clock.now(), all);
  }

  #store(jobs: readonly NewJob[], options: EnqueueOptions): Promise<readonly EnqueueOutcome[]> {
    const { durability = "full", tx } = options;
    if (durability !== "full" && durability !== "normal")
      throw new OptionInvalidError(`durability must be "full" or "normal", got ${shown(durability)}`);
    return this.store.enqueue(jobs, { durability, tx });
  }

  /** The lines of some types that this queue can read: payloads of each version, in plain text and under each key. */
  linesOf(types: readonly string[]): readonly string[] {
    const { catalog } = this;
    const isPlain = (type: string): boolean => {
      const definition = catalog.get(type);
      return definition === undefined || (definition.version === 1 && !definition.encrypted);
    };
    // Nearly all types are: of those there is one line.
    return types.every(isPlain) ? types : types.flatMap((type) => readableLines(catalog, type));
  }

  /** Claims jobs as they are stored; `parse` says which of them can run. Expired ones that it meets are given up. */
  async claim({ types, ...request }: QueueClaim): Promise<readonly ClaimedJob[]> {
    if (!this.#hasShared) await this.#shareLimits();
    return this.store.claim({
      ...request,
      lines: this.linesOf(types),
      bury: (job) => this.#buryExpired(job),
    });
  }

  #claim(workerId: string, limit: number, options: DequeueOptions<string>): Promise<readonly ClaimedJob[]> {
    const types = options.types ?? [...this.catalog.keys()];
    // Of a type that is not known here nothing could be done with a job once it is claimed.
    for (const type of options.types ?? []) definitionOf(this.catalog, type);
    return this.claim({ workerId, types, limit, leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS });
  }

  /**
   * Buries what cannot run, and gives the others: they are held for a caller who knows of no job but those it gets.
   * What cannot be buried now is taken up again by the next call, as the caller's beat would keep it for ever.
   * @throws whatever kept it from burying them, if there are no others
   */
  async #buryUnrunnable(claimed: readonly ClaimedJob[]): Promise<readonly ClaimedJob[]> {
    const valid: ClaimedJob[] = [];
    const unrunnable = [...this.#unburied];
    this.#unburied = [];
    for (const job of claimed) {
      const parsed = this.parse(job);
      if (isPayloadFault(parsed)) unrunnable.push({ job, fault: parsed });
      else if (parsed.attempt > parsed.maxAttempts) unrunnable.push({ job: parsed, fault: null });
      else valid.push(parsed);
    }
    if (unrunnable.length === 0) return valid;
    try {
      await this.#bury(unrunnable);
    } catch (error) {
      this.#unburied = [...this.#unburied, ...unrunnable];
      if (valid.length === 0) throw error;
    }
    return valid;
  }

  /** May be called again after it failed: what is buried already has no lease any more, and is passed over. */
  async #bury(unrunnable: readonly Unrunnable[]): Promise<void> {
    const buried: Finish[] = [];
    for (const { job, fault } of unrunnable)
      buried.push(
        fault
          ? { job, verdict: this.verdictOnPayload(job, fault), followUps: [], effects: [] }
          : await this.buryExhausted(job),
      );
    for (const outcome of await this.store.finish(buried)) if ("error" in outcome) throw outcome.error;
  }

  /** A stored job with its payload parsed, or the error that says why it cannot be. */
  parse<Stored extends Readable>(job: Stored): Stored | PayloadFault {
    try {
      return { ...job, payload: readStored(this.catalog, job) };
    } catch (error) {
      if (isPayloadFault(error)) return error;
      throw error;
    }
  }

  async #finish(
    job: ClaimedJob,
    end: Pick<Finish, "verdict" | "followUps">,
    options: FinishOptions,
  ): Promise<void> {
    const [outcome] = await this.store.finish([{ job, ...end, effects: [] }], options);
    if (!outcome?.accepted) throw new LeaseLostError(job.id);
  }
}

/** Where there is no log: the stored error says what was wrong as well. */
const noted: OnFault = () => undefined;

/**
 * Creates a queue over a store.
 * @example
 * const queue = createQueue({ store: await openSqliteStore({ path: "shop.db" }), jobs: [sendWelcome] });
 */
export function createQueue<const Jobs extends JobCatalog, Tables>(
  options: QueueOptions<Jobs, Tables>,
): Queue<Jobs, Tables> {
  return new Queue(options);
}

function auditOf(actor: string, action: string, type: string | undefined): AuditEntry {
  return { actor, action, subject: type ?? "queue", detail: null };
}

function refuseChildrenOf(
  unknown: ReadonlySet<string>,
  built: readonly Built[],
  error: RefusedItemError,
): Built[] {
  const isChild = ({ dependsOn }: NewJob): boolean => dependsOn.some(({ jobId }) => unknown.has(jobId));
  return built.map((each) => ("job" in each && isChild(each.job) ? { error } : each));
}

/** The type is the one that was asked for: a unique key is held within a type. */
function flatten<Type extends string>(outcome: EnqueueOutcome | undefined): EnqueuedJob<Type> {
  if (!outcome) throw new Error("The store answered an enqueue with too few outcomes");
  return { ...outcome.job, type: outcome.job.type as Type, deduplicated: outcome.deduplicated };
}
