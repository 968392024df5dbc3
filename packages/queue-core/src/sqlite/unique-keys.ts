import type { Job } from "../job.ts";
import { parseJobId } from "../job-id.ts";
import type { NewJob } from "../store.ts";
import { KEPT } from "../uniqueness.ts";
import { makeClaimable } from "./claimable.ts";
import type { Connection } from "./connection.ts";
import { getJobBySeq } from "./jobs.ts";

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

/**
 * Takes a unique key for the job that will be inserted next, or returns the job that holds it. `max(seq) + 1` is the
 * number SQLite will give: we hold the write lock.
 */
export function takeKey(
  connection: Connection,
  job: NewJob & { readonly uniqueKey: string },
  nowMs: number,
): Job | null {
  const { type, uniqueKey: key } = job;
  const { scope, forMs } = job.uniqueness ?? KEPT;
  // A key whose time is over goes to the newer job; the older one has none from now on.
  connection.run(
    `UPDATE job SET unique_key = NULL
     WHERE seq = (SELECT seq FROM unique_key WHERE type = ? AND key = ? AND until <= ?)`,
    type,
    key,
    nowMs,
  );
  const taken = connection.run(
    `INSERT INTO unique_key (type, key, seq, scope, until)
     SELECT ?, ?, coalesce(max(seq), 0) + 1, ?, ? FROM job WHERE true
     ON CONFLICT DO UPDATE SET seq = excluded.seq, scope = excluded.scope, until = excluded.until WHERE until <= ?`,
    type,
    key,
    scope === "kept" ? null : scope,
    forMs === null ? null : nowMs + forMs,
    nowMs,
  );
  return taken === 1 ? null : holderOf(connection, type, key);
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
export function meetHolder(connection: Connection, holder: Job, newer: NewJob, nowMs: number): Job {
  const { onConflict, maxWaitMs } = newer.uniqueness ?? KEPT;
  const seq = parseJobId(holder.id)?.seq ?? 0;
  const { status } = holder;
  if (onConflict === "keep" || (status !== "waiting" && status !== "scheduled" && status !== "pending"))
    return holder;
  // One that has run already is known outside by its idempotency key: another payload is another request.
  connection.run(
    "UPDATE job SET payload = ?, generation = generation + ? WHERE seq = ?",
    newer.payload,
    holder.attempts > 0 ? 1 : 0,
    seq,
  );
  // Between two attempts the backoff says when it runs, and not the newest caller.
  if (onConflict === "debounce" && holder.attempts === 0) {
    const asked = newer.runAtMs ?? nowMs + newer.delayMs;
    putOff(connection, holder, seq, Math.min(asked, holder.createdAt.getTime() + maxWaitMs), nowMs);
  }
  return getJobBySeq(connection, seq) ?? holder;
}

function putOff(
  connection: Connection,
  { status, type, priority, scheduledAt }: Job,
  seq: number,
  dueAt: number,
  nowMs: number,
): void {
  const from = scheduledAt.getTime();
  connection.run("UPDATE job SET due_at = ? WHERE seq = ?", dueAt, seq);
  if (status === "waiting") return;
  if (status === "pending")
    connection.run(
      "DELETE FROM ready WHERE type = ? AND np = ? AND tag = ? AND seq = ?",
      type,
      -priority,
      from,
      seq,
    );
  else connection.run("DELETE FROM scheduled WHERE due_at = ? AND seq = ?", from, seq);
  const job = connection.get<{ expire_after_ms: number | null }>(
    "SELECT expire_after_ms FROM job WHERE seq = ?",
    seq,
  );
  const row = { seq, type, np: -priority, dueAt, attempts: 0, expireAfterMs: job?.expire_after_ms ?? null };
  makeClaimable(connection, row, dueAt <= nowMs, nowMs);
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
  for (const seq of seqs)
    connection.run("DELETE FROM unique_key WHERE seq = ? AND scope IS NOT NULL AND scope = 'unclaimed'", seq);
}

/** Jobs have ended, well or not: keys that were held only until then are free. */
export function releaseEnded(connection: Connection, seqs: readonly number[]): void {
  if (!areKeysScoped(connection)) return;
  for (const seq of seqs) connection.run("DELETE FROM unique_key WHERE seq = ? AND scope IS NOT NULL", seq);
}

/**
 * A job is back where it should hold its key.
 * @returns the newer job that has it by now; null if it has its key again, or needs none
 */
export function takeKeyAgain(connection: Connection, seq: number): Job | null {
  const job = connection.get<{ type: string; unique_key: string | null; unique_scope: string | null }>(
    "SELECT type, unique_key, unique_scope FROM job WHERE seq = ?",
    seq,
  );
  if (!job || job.unique_key === null || job.unique_scope === null) return null;
  connection.run(
    "INSERT INTO unique_key (type, key, seq, scope) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    job.type,
    job.unique_key,
    seq,
    job.unique_scope,
  );
  const holder = connection.get<{ seq: number }>(
    "SELECT seq FROM unique_key WHERE type = ? AND key = ?",
    job.type,
    job.unique_key,
  );
  return holder === undefined || holder.seq === seq ? null : getJobBySeq(connection, holder.seq);
}
