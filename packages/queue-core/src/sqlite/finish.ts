import type { DeadReason } from "../define-job.ts";
import { parseJobId } from "../job-id.ts";
import type { Finish, FinishOutcome, Verdict } from "../store.ts";
import type { Connection } from "./connection.ts";
import { appendDeadLetter } from "./dead-letters.ts";
import { type EnqueueTime, enqueueJobs } from "./enqueue.ts";
import { finishCompleted } from "./finish-completed.ts";
import { appendFinished } from "./finished.ts";
import type { RunCounts } from "./run-counts.ts";
import { storeReport } from "./run-reports.ts";
import { chargeCrash, clearSuspect, MAX_CRASHES } from "./suspects.ts";
import { tellCompletion, tellDeath } from "./tell-children.ts";
import { takeKeyAgain } from "./unique-keys.ts";

interface RunningRow {
  readonly type: string;
  readonly np: number;
  readonly tag: number;
  readonly attempts: number;
  readonly worker_id: string;
  readonly claimed_at: number;
  readonly cancel_requested_at: number | null;
}

interface Run extends RunningRow {
  readonly seq: number;
  readonly nowMs: number;
}

const LOST: FinishOutcome = { accepted: false, status: null };

/** Ends runs in one transaction, each under its own lease: those that only completed in lists, the rest one by one. */
export function finishJobs(
  connection: Connection,
  counts: RunCounts,
  finishes: readonly Finish[],
  time: EnqueueTime,
): FinishOutcome[] {
  // While they still hold their leases.
  for (const { job, report } of finishes)
    if (report !== undefined) storeReport(connection, { job, report }, time.nowMs);
  const listed = finishCompleted(connection, counts, finishes, time.nowMs);
  return finishes.map((finish, i) => listed[i] ?? endRun(connection, counts, finish, time));
}

/** Ends one run, with what it told last. */
export function finishJob(
  connection: Connection,
  counts: RunCounts,
  finish: Finish,
  time: EnqueueTime,
): FinishOutcome {
  const { job, report } = finish;
  if (report !== undefined) storeReport(connection, { job, report }, time.nowMs);
  return endRun(connection, counts, finish, time);
}

/**
 * Ends a run under its lease, together with what the handler enqueued. The DELETE is the fence: with another token it
 * removes no row, and nothing else happens.
 */
function endRun(connection: Connection, counts: RunCounts, finish: Finish, time: EnqueueTime): FinishOutcome {
  const { job } = finish;
  const seq = parseJobId(job.id)?.seq;
  if (seq === undefined) return LOST;
  const row = connection.get<RunningRow>(
    `DELETE FROM running WHERE seq = ? AND token = ?
     RETURNING type, np, tag, attempts, worker_id, claimed_at, cancel_requested_at`,
    seq,
    job.leaseToken,
  );
  if (!row) return LOST;
  const run: Run = { ...row, seq, nowMs: time.nowMs };
  const verdict = afterCancellation(finish.verdict, run);
  const status = record(connection, counts, run, verdict);
  if (verdict.verb === "retry" || verdict.verb === "snooze" || verdict.verb === "bury")
    clearSuspect(connection, seq);
  if (status === "completed" || status === "failed") enqueueJobs(connection, counts, finish.followUps, time);
  return { accepted: true, status };
}

/** A completion that comes in after a cancellation wins, for the work has happened; anything else ends as cancelled. */
function afterCancellation(verdict: Verdict, run: Run): Verdict {
  return run.cancel_requested_at === null || verdict.verb === "complete" ? verdict : { verb: "abandon" };
}

function record(
  connection: Connection,
  counts: RunCounts,
  run: Run,
  verdict: Verdict,
): FinishOutcome["status"] {
  switch (verdict.verb) {
    case "complete":
      return complete(connection, counts, run, verdict.result);
    case "retry":
      recordFailure(connection, counts, run, verdict);
      schedule(connection, counts, run, run.attempts + 1, run.nowMs + verdict.delayMs);
      return "scheduled";
    case "bury":
      return bury(connection, counts, run, verdict);
    case "snooze":
      schedule(connection, counts, run, run.attempts, run.nowMs + verdict.delayMs);
      connection.run("UPDATE job SET snoozes = snoozes + 1 WHERE seq = ?", run.seq);
      return "scheduled";
    case "abandon":
      return abandon(connection, counts, run);
    case "handBack":
      handBack(connection, run, run.nowMs);
      return "pending";
    case "crash":
      return crash(connection, counts, run, verdict.error);
  }
}

function complete(connection: Connection, counts: RunCounts, run: Run, result: string | null): "completed" {
  const { seq, type, nowMs } = run;
  appendFinished(connection, counts, {
    seq,
    type,
    status: "completed",
    finishedAt: nowMs,
    attempts: run.attempts + 1,
    result,
    workerId: run.worker_id,
    claimedAt: run.claimed_at,
  });
  counts.addRun(type, "completed", nowMs, nowMs - run.claimed_at);
  tellCompletion(connection, counts, seq, nowMs);
  return "completed";
}

function bury(
  connection: Connection,
  counts: RunCounts,
  run: Run,
  verdict: { readonly reason: DeadReason; readonly error: string; readonly timedOut: boolean },
): "failed" {
  // A payload that no handler ever saw is no run, so it spends no attempt; nor could there be a run with none left.
  const ran = !isUnread(verdict.reason) && hasAttemptLeft(connection, run);
  if (ran) recordFailure(connection, counts, run, verdict);
  appendDeadLetter(connection, counts, {
    seq: run.seq,
    attempts: run.attempts + (ran ? 1 : 0),
    error: verdict.error,
    reason: verdict.reason,
    failedAt: run.nowMs,
  });
  tellDeath(connection, counts, run.seq, run.nowMs);
  return "failed";
}

function isUnread(reason: DeadReason): boolean {
  return reason === "invalid_payload" || reason === "undecryptable_payload";
}

function hasAttemptLeft(connection: Connection, { seq, attempts }: Run): boolean {
  const job = connection.get<{ max_attempts: number }>("SELECT max_attempts FROM job WHERE seq = ?", seq);
  return job === undefined || attempts < job.max_attempts;
}

function abandon(connection: Connection, counts: RunCounts, run: Run): "cancelled" {
  appendFinished(connection, counts, {
    seq: run.seq,
    type: run.type,
    status: "cancelled",
    finishedAt: run.nowMs,
    attempts: run.attempts,
    workerId: run.worker_id,
    claimedAt: run.claimed_at,
  });
  tellDeath(connection, counts, run.seq, run.nowMs);
  return "cancelled";
}

function recordFailure(
  connection: Connection,
  counts: RunCounts,
  run: Run,
  failure: { readonly error: string; readonly timedOut: boolean },
): void {
  const outcome = failure.timedOut ? "timed_out" : "failed";
  connection.run(
    `INSERT INTO attempt (seq, attempt, outcome, error, worker_id, started_at, finished_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    run.seq,
    run.attempts + 1,
    outcome,
    failure.error,
    run.worker_id,
    run.claimed_at,
    run.nowMs,
  );
  counts.addRun(run.type, outcome, run.nowMs, run.nowMs - run.claimed_at);
}

function schedule(
  connection: Connection,
  counts: RunCounts,
  run: Run,
  attempts: number,
  dueAt: number,
): void {
  const job = connection.get<{ line: string; expire_after_ms: number | null; group_key: string | null }>(
    `UPDATE job SET due_at = ?, tag = NULL WHERE seq = ?
     RETURNING coalesce(line, type) AS line, expire_after_ms, group_key`,
    dueAt,
    run.seq,
  );
  connection.run(
    "INSERT INTO scheduled (due_at, seq, type, np, attempts, expire_after_ms, group_key) VALUES (?, ?, ?, ?, ?, ?, ?)",
    dueAt,
    run.seq,
    job?.line ?? run.type,
    run.np,
    attempts,
    job?.expire_after_ms ?? null,
    job?.group_key ?? null,
  );
  counts.addState(run.type, "scheduled", 1);
  takeKeyAgain(connection, run.seq, run.nowMs);
}

/** Crashes spend no attempt and are counted apart: a job that kills its process is no job that fails. */
function crash(connection: Connection, counts: RunCounts, run: Run, error: string): "pending" | "failed" {
  const crashes = chargeCrash(connection, run.seq, run.nowMs);
  if (crashes < MAX_CRASHES) {
    handBack(connection, run, run.nowMs);
    return "pending";
  }
  appendDeadLetter(connection, counts, {
    seq: run.seq,
    attempts: run.attempts,
    error: `${error} (${crashes} times)`,
    reason: "worker_died",
    failedAt: run.nowMs,
  });
  clearSuspect(connection, run.seq);
  tellDeath(connection, counts, run.seq, run.nowMs);
  return "failed";
}

/**
 * Back to its old place in the line, nothing spent. Its time to expire begins anew: it had been taken in time, and what
 * interrupted it (a deploy, a crash) was no doing of its own.
 */
export function handBack(
  connection: Connection,
  run: Pick<Run, "seq" | "np" | "tag" | "attempts">,
  nowMs: number,
): void {
  const row = connection.get<{ line: string }>(
    `INSERT INTO ready (type, np, tag, seq, attempts, expires_at)
     SELECT coalesce(line, type), ?, ?, seq, ?, ? + expire_after_ms FROM job WHERE seq = ? RETURNING type AS line`,
    run.np,
    run.tag,
    run.attempts,
    nowMs,
    run.seq,
  );
  if (!row) throw new Error(`Job ${run.seq} has no row in job`);
  connection.madeClaimable.add(row.line, 1);
  takeKeyAgain(connection, run.seq, nowMs);
}
