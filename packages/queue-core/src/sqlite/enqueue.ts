import { JobDependencyError } from "../errors.ts";
import type { Job } from "../job.ts";
import { formatJobId, parseJobId } from "../job-id.ts";
import { lineOf, storedLineOf } from "../line.ts";
import { requireWithinReach } from "../new-job.ts";
import type { EnqueueOutcome, NewJob } from "../store.ts";
import { makeClaimable } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { countInAfter } from "./count-jobs.ts";
import { type Birth, findParents, linkToParents, type Parent, refuseUnknown } from "./dependencies.ts";
import { appendFinished } from "./finished.ts";
import { insertPlain, placePlain } from "./insert-plain.ts";
import type { RunCounts } from "./run-counts.ts";
import { isKeyHeld, meetHolder, takeKey } from "./unique-keys.ts";
import { isAnyWorkflowCancelled, isWorkflowCancelled } from "./workflows.ts";

/** When jobs are added; after the wall clock was set back the two differ. */
export interface EnqueueTime {
  /** What the clock says: delays count from it. */
  readonly nowMs: number;
  /** At least that of the job before, so that ids sort in the order of enqueueing. */
  readonly createdAtMs: number;
}

/** Fewer jobs than this are put into their lines one by one. */
const LIST_FROM = 4;

const NO_PARENTS: readonly Parent[] = [];

/**
 * Adds jobs inside the caller's transaction, all or none.
 * @throws {JobDependencyError | OptionInvalidError} before the first row is written: the caller may catch it and commit
 *   what else it did
 */
export function enqueueJobs(
  connection: Connection,
  counts: RunCounts,
  jobs: readonly NewJob[],
  time: EnqueueTime,
): EnqueueOutcome[] {
  for (const job of jobs) requireWithinReach(job, time.nowMs);
  const unknown = new Set<string>();
  const parents = jobs.map((job) =>
    job.dependsOn.length === 0 || isKeyHeld(connection, job, time.nowMs)
      ? NO_PARENTS
      : findParents(connection, job.dependsOn, unknown),
  );
  refuseUnknown(unknown);
  const areAllOpen =
    jobs.every(({ workflowId }) => workflowId === null) || !isAnyWorkflowCancelled(connection);
  const outcomes: EnqueueOutcome[] = [];
  while (outcomes.length < jobs.length) {
    const from = outcomes.length;
    const plain = countPlain(jobs, from, time, areAllOpen);
    if (plain > 0)
      for (const outcome of enqueuePlain(connection, counts, jobs.slice(from, from + plain), time))
        outcomes.push(outcome);
    else {
      const job = jobs[from] as NewJob;
      const all = [...(parents[from] ?? NO_PARENTS), ...earlierParents(job, outcomes)];
      outcomes.push(enqueueOne(connection, counts, job, all, time));
    }
  }
  return outcomes;
}

/** Parents that were added a moment ago, in the same call. */
function earlierParents(job: NewJob, outcomes: readonly EnqueueOutcome[]): readonly Parent[] {
  return (job.dependsOnEarlier ?? []).map(({ place, whenDead }) => {
    const parent = outcomes[place]?.job;
    if (!parent)
      throw new JobDependencyError(`Cannot depend on job ${place} of a call: it does not come before`);
    return { seq: parseJobId(parent.id)?.seq ?? 0, status: parent.status, whenDead };
  });
}

/** How many jobs in a row stand for themselves and are due at once: they go in together. */
function countPlain(
  jobs: readonly NewJob[],
  from: number,
  { nowMs, createdAtMs }: EnqueueTime,
  areAllOpen: boolean,
): number {
  let to = from;
  for (let job = jobs[to]; job !== undefined; job = jobs[++to]) {
    const isPlain =
      job.uniqueKey === null &&
      job.dependsOn.length === 0 &&
      job.step === null &&
      job.dependsOnEarlier === undefined &&
      (job.workflowId === null || areAllOpen) &&
      dueTime(job, nowMs, createdAtMs) === createdAtMs;
    if (!isPlain) break;
  }
  return to - from;
}

function enqueuePlain(
  connection: Connection,
  counts: RunCounts,
  jobs: readonly NewJob[],
  time: EnqueueTime,
): EnqueueOutcome[] {
  const { nowMs, createdAtMs } = time;
  const first = insertPlain(connection, jobs, createdAtMs);
  if (jobs.length >= LIST_FROM) {
    placePlain(connection, jobs, first, time);
    for (const job of jobs) connection.madeClaimable.add(lineOf(job), 1);
  } else {
    jobs.forEach((job, i) => {
      makeClaimable(connection, counts, rowOf(job, first + i, createdAtMs), true, nowMs);
    });
  }
  countInAfter(connection, counts, first, first + jobs.length - 1);
  return jobs.map((job, i) => ({
    job: asStored(job, first + i, "pending", createdAtMs, createdAtMs),
    deduplicated: false,
  }));
}

function enqueueOne(
  connection: Connection,
  counts: RunCounts,
  job: NewJob,
  parents: readonly Parent[],
  { nowMs, createdAtMs }: EnqueueTime,
): EnqueueOutcome {
  const { uniqueKey } = job;
  if (uniqueKey !== null) {
    const holder = takeKey(connection, { ...job, uniqueKey }, nowMs);
    if (holder) return { job: meetHolder(connection, counts, holder, job, nowMs), deduplicated: true };
  }
  const dueAt = dueTime(job, nowMs, createdAtMs);
  const seq = connection.insert(
    `INSERT INTO job
       (type, payload, priority, max_attempts, created_at, due_at, workflow_id, detached, unique_key, slot_at,
        expire_after_ms, step, unique_scope, unique_until, line, limit_key,
        group_key)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    job.type,
    job.payload,
    job.priority,
    job.maxAttempts,
    createdAtMs,
    dueAt,
    job.workflowId,
    job.detached ? 1 : 0,
    job.uniqueKey,
    job.slotAtMs,
    job.expireAfterMs,
    job.step,
    job.uniqueness === undefined || job.uniqueness.scope === "kept" ? null : job.uniqueness.scope,
    job.uniqueness === undefined || job.uniqueness.forMs === null ? null : nowMs + job.uniqueness.forMs,
    storedLineOf(job),
    job.limitKey ?? null,
    job.groupKey ?? null,
  );
  countInAfter(connection, counts, seq, seq);
  const birth = birthOf(connection, job, seq, parents);
  // Without a delay it is due whatever the clock says, which may have been set back since.
  const status = place(connection, counts, { seq, job, dueAt, isDue: dueAt === createdAtMs }, birth, nowMs);
  return { job: asStored(job, seq, status, dueAt, createdAtMs), deduplicated: false };
}

function birthOf(connection: Connection, job: NewJob, seq: number, parents: readonly Parent[]): Birth {
  const birth = linkToParents(connection, seq, parents);
  const isCalledOff = job.workflowId !== null && isWorkflowCancelled(connection, job.workflowId);
  return isCalledOff ? { kind: "cancelled", cause: null } : birth;
}

/** When a job may run. Without a delay, or with its instant in the past, it is due as it is created. */
function dueTime(job: NewJob, nowMs: number, createdAtMs: number): number {
  const dueAt = job.runAtMs ?? nowMs + job.delayMs;
  return dueAt <= nowMs ? createdAtMs : dueAt;
}

function place(
  connection: Connection,
  counts: RunCounts,
  added: { readonly seq: number; readonly job: NewJob; readonly dueAt: number; readonly isDue: boolean },
  birth: Birth,
  nowMs: number,
): Job["status"] {
  const { seq, job, dueAt, isDue } = added;
  if (birth.kind === "cancelled") {
    appendFinished(connection, counts, {
      seq,
      type: job.type,
      status: "cancelled",
      finishedAt: nowMs,
      attempts: 0,
      ...(birth.cause !== null && { cancelCause: birth.cause }),
    });
    return "cancelled";
  }
  if (birth.kind === "waiting") {
    connection.run("INSERT INTO waiting (seq, unmet) VALUES (?, ?)", seq, birth.unmet);
    counts.addState(job.type, "waiting", 1);
    return "waiting";
  }
  return makeClaimable(connection, counts, rowOf(job, seq, dueAt), isDue, nowMs);
}

function rowOf(job: NewJob, seq: number, dueAt: number): Parameters<typeof makeClaimable>[2] {
  const { priority, expireAfterMs, limitKey = null, groupKey = null } = job;
  return { seq, line: lineOf(job), np: -priority, dueAt, attempts: 0, expireAfterMs, limitKey, groupKey };
}

function asStored(job: NewJob, seq: number, status: Job["status"], dueAt: number, createdAtMs: number): Job {
  const createdAt = new Date(createdAtMs);
  return {
    id: formatJobId(createdAtMs, seq),
    type: job.type,
    payload: job.readAs ?? JSON.parse(job.payload),
    payloadVersion: job.payloadVersion,
    keyId: job.keyId,
    status,
    priority: job.priority,
    attempts: 0,
    maxAttempts: job.maxAttempts,
    snoozes: 0,
    lastError: null,
    scheduledAt: new Date(dueAt),
    createdAt,
    updatedAt: createdAt,
    completedAt: null,
    lockedBy: null,
    lockedAt: null,
    workflowId: job.workflowId,
    detached: job.detached,
    slotAt: job.slotAtMs === null ? null : new Date(job.slotAtMs),
    step: job.step,
    result: null,
  };
}
