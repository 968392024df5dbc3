import type { Job } from "../job.ts";
import { parseJobId } from "../job-id.ts";
import { lineOf, storedLineOf } from "../line.ts";
import type { NewJob } from "../store.ts";
import { KEPT } from "../uniqueness.ts";
import { makeClaimable } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { moveGated, takePending } from "./gated.ts";
import { getJobBySeq } from "./jobs.ts";
import { lookSoon } from "./key-gates.ts";
import type { RunCounts } from "./run-counts.ts";

/** Whether another job holds the unique key of a new one. */
export function isKeyHeld(connection: Connection, { type, uniqueKey }: NewJob, nowMs: number): boolean {
  return (
    uniqueKey !== null &&
    connection.get(
      "SELECT 1 FROM unique_key WHERE type = ? AND key = ? AND (until IS NULL OR until > ?)",
      type,
      uniqueKey,
      nowMs,
    ) !== undefined
  );
}

interface Claim {
  readonly type: string;
  readonly key: string;
  readonly seq: number;
  readonly scope: string | null;
  readonly until: number | null;
}

/** Takes a key that nobody holds, or whose time is over; false if another job holds it. */
function take(connection: Connection, { type, key, seq, scope, until }: Claim, nowMs: number): boolean {
  // A key whose time is over goes to the newer job; the older one has none from now on.
  connection.run(
    `UPDATE job SET unique_key = NULL
     WHERE seq = (SELECT seq FROM unique_key WHERE type = ? AND key = ? AND until <= ?)`,
    type,
    key,
    nowMs,
  );
  const taken = connection.run(
    `INSERT INTO unique_key (type, key, seq, scope, until) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET seq = excluded.seq, scope = excluded.scope, until = excluded.until WHERE until <= ?`,
    type,
    key,
    seq,
    scope,
    until,
    nowMs,
  );
  return taken === 1;
}

/** Takes a unique key for the job that will be inserted next, or returns the job that holds it. */
export function takeKey(
  connection: Connection,
  job: NewJob & { readonly uniqueKey: string },
  nowMs: number,
): Job | null {
  const { type, uniqueKey: key } = job;
  const { scope, forMs } = job.uniqueness ?? KEPT;
  // The number SQLite will give: we hold the write lock.
  const seq = (connection.get<{ last: number | null }>("SELECT max(seq) AS last FROM job")?.last ?? 0) + 1;
  const until = forMs === null ? null : nowMs + forMs;
  const isTaken = take(connection, { type, key, seq, scope: scope === "kept" ? null : scope, until }, nowMs);
  return isTaken ? null : holderOf(connection, type, key);
}

function holderOf(connection: Connection, type: string, key: string): Job {
  // Writes a row although nothing changes: the holder may have been stored under NORMAL, and the caller who is told
  // "it is there" under FULL must be able to rely on that after a power cut, so this commit has to sync. There and
  // back, for SQLite leaves a page alone whose bytes would stay the same, and a commit without a page syncs nothing.
  const turn = "UPDATE unique_key SET seq = -seq WHERE type = ? AND key = ? RETURNING seq";
  connection.get(turn, type, key);
  const holder = connection.get<{ seq: number }>(turn, type, key);
  const job = holder && getJobBySeq(connection, holder.seq);
  if (!job) throw new Error(`Unique key "${key}" of type "${type}" points at no job`);
  return job;
}

/** Gives the holder of a key what a newer job brings, as far as that one wishes it and the holder has not begun. */
export function meetHolder(
  connection: Connection,
  counts: RunCounts,
  holder: Job,
  newer: NewJob,
  nowMs: number,
): Job {
  const { onConflict, maxWaitMs } = newer.uniqueness ?? KEPT;
  const seq = parseJobId(holder.id)?.seq ?? 0;
  const { status } = holder;
  if (onConflict === "keep" || (status !== "waiting" && status !== "scheduled" && status !== "pending"))
    return holder;
  // It may have run before (a snooze, a worker that stopped, a retried dead letter) and be known outside by its
  // idempotency key: another payload is another request, whose steps are all to be done.
  connection.run(
    "UPDATE job SET payload = ?, line = ?, generation = generation + (payload <> ?) WHERE seq = ?",
    newer.payload,
    storedLineOf(newer),
    newer.payload,
    seq,
  );
  moveToLine(connection, holder, seq, lineOf(newer));
  // Between two runs its backoff or its snooze says when it goes on, and not the newest caller.
  if (onConflict === "debounce" && holder.attempts === 0 && holder.snoozes === 0) {
    const asked = newer.runAtMs ?? nowMs + newer.delayMs;
    const dueAt = Math.min(asked, holder.createdAt.getTime() + maxWaitMs);
    const moved = { ...holder, payloadVersion: newer.payloadVersion, keyId: newer.keyId };
    putOff(connection, counts, moved, seq, dueAt, nowMs);
  }
  return getJobBySeq(connection, seq) ?? holder;
}

/** A payload of another version is for other workers to read. Its place among the jobs of its type stays. */
function moveToLine(connection: Connection, holder: Job, seq: number, line: string): void {
  const from = lineOf(holder);
  if (line === from || holder.status === "waiting") return;
  const at = holder.scheduledAt.getTime();
  if (holder.status === "scheduled") {
    connection.run("UPDATE scheduled SET type = ? WHERE due_at = ? AND seq = ?", line, at, seq);
    return;
  }
  const moved = connection.run(
    `UPDATE ready SET type = ?
     WHERE type = ? AND np = ? AND tag = (SELECT coalesce(tag, due_at) FROM job WHERE seq = ?) AND seq = ?`,
    line,
    from,
    -holder.priority,
    seq,
    seq,
  );
  if (moved === 0) moveGated(connection, seq, from, line);
  else {
    const limitKey = connection.get<{ limit_key: string | null }>(
      "SELECT limit_key FROM job WHERE seq = ?",
      seq,
    );
    // The gate of the line that it has left may wait for it to be claimed there.
    if (limitKey && limitKey.limit_key !== null) lookSoon(connection, from, limitKey.limit_key);
  }
  connection.madeClaimable.add(line, 1);
}

function putOff(
  connection: Connection,
  counts: RunCounts,
  holder: Job,
  seq: number,
  dueAt: number,
  nowMs: number,
): void {
  const { status, priority, scheduledAt } = holder;
  const line = lineOf(holder);
  // It stands in the line already, and its time to expire runs on.
  if (status === "pending" && dueAt <= nowMs) return;
  const from = scheduledAt.getTime();
  if (status === "pending") takePending(connection, { seq, line, priority });
  connection.run("UPDATE job SET due_at = ?, tag = NULL WHERE seq = ?", dueAt, seq);
  if (status === "waiting") return;
  if (status === "scheduled") {
    connection.run("DELETE FROM scheduled WHERE due_at = ? AND seq = ?", from, seq);
    counts.addState(holder.type, "scheduled", -1);
  }
  const job = connection.get<{
    expireAfterMs: number | null;
    limitKey: string | null;
    groupKey: string | null;
  }>(
    `SELECT expire_after_ms AS expireAfterMs, limit_key AS limitKey, group_key AS groupKey
     FROM job WHERE seq = ?`,
    seq,
  );
  if (!job) throw new Error(`Job ${seq} has no row in job`);
  const row = { seq, line, np: -priority, dueAt, attempts: 0, ...job };
  makeClaimable(connection, counts, row, dueAt <= nowMs, nowMs);
}

/** Whether there is any key that a transition gives back: nearly never, so that lists of jobs need not be asked. */
function areKeysScoped(connection: Connection): boolean {
  const row = connection.get<{ first: number | null }>(
    "SELECT min(seq) AS first FROM unique_key WHERE scope IS NOT NULL",
  );
  return row !== undefined && row.first !== null;
}

/** Jobs have been claimed: keys that were held only until then are free. */
export function releaseClaimed(connection: Connection, seqs: readonly number[]): void {
  if (!areKeysScoped(connection)) return;
  // The first condition is that of the index.
  for (const seq of seqs)
    connection.run("DELETE FROM unique_key WHERE scope IS NOT NULL AND seq = ? AND scope = 'unclaimed'", seq);
}

/** Jobs have ended, well or not: keys that were held only until then are free. */
export function releaseEnded(connection: Connection, seqs: readonly number[]): void {
  if (!areKeysScoped(connection)) return;
  for (const seq of seqs) connection.run("DELETE FROM unique_key WHERE seq = ? AND scope IS NOT NULL", seq);
}

interface KeyOfJob {
  readonly type: string;
  readonly unique_key: string | null;
  readonly unique_scope: string | null;
  readonly unique_until: number | null;
}

/**
 * A job is back where it should hold its key, if its time for that is not over.
 * @returns the newer job that has it by now; null if it has its key again, or needs none
 */
export function takeKeyAgain(connection: Connection, seq: number, nowMs: number): Job | null {
  const job = connection.get<KeyOfJob>(
    "SELECT type, unique_key, unique_scope, unique_until FROM job WHERE seq = ?",
    seq,
  );
  if (!job || job.unique_key === null || job.unique_scope === null) return null;
  const { type, unique_key: key, unique_scope: scope, unique_until: until } = job;
  if (until !== null && until <= nowMs) return null;
  const holder = connection.get<{ seq: number }>(
    "SELECT seq FROM unique_key WHERE type = ? AND key = ?",
    type,
    key,
  );
  if (holder?.seq === seq || take(connection, { type, key, seq, scope, until }, nowMs)) return null;
  return holder ? getJobBySeq(connection, holder.seq) : null;
}

/** A job gives up its key, whatever the key's scope. */
export function releaseKey(connection: Connection, seq: number): void {
  connection.run(
    "DELETE FROM unique_key WHERE (type, key) = (SELECT type, unique_key FROM job WHERE seq = ?) AND seq = ?",
    seq,
    seq,
  );
}

/**
 * A discarded job is a dead letter again, which keeps its key unless that is given back at its end.
 * @returns the newer job that has it by now; null if it has its key again, or needs none
 */
export function takeDiscardedKey(connection: Connection, seq: number, nowMs: number): Job | null {
  const job = connection.get<KeyOfJob>(
    "SELECT type, unique_key, unique_scope, unique_until FROM job WHERE seq = ?",
    seq,
  );
  if (!job || job.unique_key === null || job.unique_scope !== null) return null;
  const { type, unique_key: key, unique_until: until } = job;
  if (until !== null && until <= nowMs) {
    connection.run("UPDATE job SET unique_key = NULL WHERE seq = ?", seq);
    return null;
  }
  if (take(connection, { type, key, seq, scope: null, until }, nowMs)) return null;
  return holderOf(connection, type, key);
}
