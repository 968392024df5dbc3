import type { Clock } from "../clock.ts";
import type { WorkerRecord } from "../store.ts";
import type { Connection } from "./connection.ts";
import { handBack } from "./finish.ts";
import { appendFinished } from "./finished.ts";
import type { RunCounts } from "./run-counts.ts";
import { markSuspect } from "./suspects.ts";
import { tellDeath } from "./tell-children.ts";

export function retire(connection: Connection, workerId: string): void {
  connection.run(
    "DELETE FROM worker WHERE id = ? AND NOT EXISTS (SELECT 1 FROM running WHERE worker_id = ?)",
    workerId,
    workerId,
  );
}

/** Notes that a worker has begun to stop. */
export function drain(connection: Connection, workerId: string, nowMs: number): void {
  connection.run("UPDATE worker SET draining_at = ? WHERE id = ?", nowMs, workerId);
}

export function listWorkers(connection: Connection): WorkerRecord[] {
  return connection
    .all<{ id: string; lease_ms: number; started_at: number; seen_at: number; running: number }>(
      `SELECT w.*, (SELECT count(*) FROM running r WHERE r.worker_id = w.id) AS running FROM worker w ORDER BY w.id`,
    )
    .map((row) => ({
      id: row.id,
      leaseMs: row.lease_ms,
      startedAt: new Date(row.started_at),
      seenAt: new Date(row.seen_at),
      running: row.running,
    }));
}

/** The last sign of life of a worker. A worker that was given up starts counting anew, hence the time it began. */
interface LastBeat {
  readonly beat: number;
  readonly started_at: number;
}

/** Where the presence row of a holder is gone. */
const NO_BEAT: LastBeat = { beat: -1, started_at: -1 };

const isSame = (a: LastBeat, b: LastBeat): boolean => a.beat === b.beat && a.started_at === b.started_at;

interface Holder extends LastBeat {
  readonly worker_id: string;
  readonly lease_ms: number;
}

interface SilentWorker {
  readonly workerId: string;
  readonly lastBeat: LastBeat;
}

/** A lease is this many observation intervals long: a look counts for one interval at most. */
const INTERVALS_PER_LEASE = 3;
/** Lease of a holder whose presence row is gone, in milliseconds. */
const UNKNOWN_LEASE_MS = 30_000;
/** Presence rows of workers that hold nothing go after this long without a sign of life, in milliseconds. */
const FORGET_IDLE_MS = 5 * 60_000;

/** What a look at the workers' beats found. */
interface Sighting {
  /** Workers whose lease has run out, with the beat at which they stopped. */
  readonly silent: readonly SilentWorker[];
  /** Whether a worker has missed two beats, so that from here on only time in which it could have beaten counts. */
  readonly isAnyOverdue: boolean;
}

/**
 * Finds workers that have stopped beating, by this process's own observation. No wall clock is compared, so clock
 * jumps steal nothing; and a look counts for one interval at most, so a rescuer that was itself stopped does not take
 * its own absence for that of the others.
 *
 * A worker that cannot write cannot beat either: while a foreign lock or a full disk lasts, all workers fall silent,
 * and whoever comes first when it ends would take the jobs of the living. So the last interval of a lease counts only
 * from one write of this process's own to the next look; a write that fails, or is still waited for, counts nothing.
 */
export class LeaseObserver {
  readonly #clock: Clock;
  readonly #silence = new Map<string, { readonly lastBeat: LastBeat; silentMs: number }>();
  #lastLookMs: number | null = null;
  /** When the writes that followed the last look were through; null if one failed or is under way. */
  #couldWriteMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks once. Tell by `couldWrite` when the writes that follow from it are through. */
  look(connection: Connection): Sighting {
    const nowMs = this.#clock.monotonic();
    const sinceLookMs = nowMs - (this.#lastLookMs ?? nowMs);
    const writableMs = nowMs - (this.#couldWriteMs ?? nowMs);
    const holders = connection.all<Holder>(
      `SELECT DISTINCT r.worker_id, coalesce(w.lease_ms, ${UNKNOWN_LEASE_MS}) AS lease_ms,
         coalesce(w.beat, ${NO_BEAT.beat}) AS beat, coalesce(w.started_at, ${NO_BEAT.started_at}) AS started_at
       FROM running r LEFT JOIN worker w ON w.id = r.worker_id`,
    );
    this.#lastLookMs = nowMs;
    this.#couldWriteMs = null;
    this.#forgetOthers(holders);
    const intervals = holders.map((holder) => this.#silentIntervals(holder, sinceLookMs, writableMs));
    return {
      silent: holders
        .filter((_, i) => (intervals[i] ?? 0) >= INTERVALS_PER_LEASE)
        .map((holder) => ({ workerId: holder.worker_id, lastBeat: holder })),
      isAnyOverdue: intervals.some((count) => count >= INTERVALS_PER_LEASE - 1),
    };
  }

  /** Every write that follows from the last look has gone through: from now on others could have written too. */
  couldWrite(): void {
    this.#couldWriteMs = this.#clock.monotonic();
  }

  /** For how many intervals a worker has been silent. */
  #silentIntervals(holder: Holder, sinceLookMs: number, writableMs: number): number {
    const seen = this.#silence.get(holder.worker_id);
    if (!seen || !isSame(seen.lastBeat, holder)) {
      this.#silence.set(holder.worker_id, { lastBeat: holder, silentMs: 0 });
      return 0;
    }
    const intervalMs = holder.lease_ms / INTERVALS_PER_LEASE;
    const lastMs = intervalMs * (INTERVALS_PER_LEASE - 1);
    if (seen.silentMs < lastMs) {
      seen.silentMs = Math.min(seen.silentMs + Math.min(sinceLookMs, intervalMs), lastMs);
    } else {
      seen.silentMs += Math.min(writableMs, intervalMs);
    }
    return seen.silentMs / intervalMs;
  }

  #forgetOthers(holders: readonly Holder[]): void {
    const ids = new Set(holders.map((holder) => holder.worker_id));
    for (const id of this.#silence.keys()) if (!ids.has(id)) this.#silence.delete(id);
  }
}

/**
 * Writes as much as a beat does, by leaving out a lease token. On a full disk a transaction that changes no byte of a
 * page would succeed.
 */
export function proveWritable(connection: Connection): void {
  connection.run("UPDATE lease_counter SET last = last + 1");
}

interface StrandedRow {
  readonly seq: number;
  readonly type: string;
  readonly np: number;
  readonly tag: number;
  readonly attempts: number;
  readonly cancel_requested_at: number | null;
}

/** Takes the jobs of a silent worker back, unless it has beaten since; returns how many. */
export function rescueFrom(
  connection: Connection,
  counts: RunCounts,
  silent: SilentWorker,
  nowMs: number,
): number {
  const worker = connection.get<LastBeat & { draining_at: number | null }>(
    "SELECT beat, started_at, draining_at FROM worker WHERE id = ?",
    silent.workerId,
  );
  if (!isSame(worker ?? NO_BEAT, silent.lastBeat)) return 0;
  const died = worker?.draining_at === null || worker === undefined;
  return takeBack(connection, counts, silent.workerId, died, nowMs);
}

/**
 * Hands back all that a worker holds, and forgets the worker.
 * @param suspicious whether its jobs may have been what ended it; then each runs alone the next time
 * @returns how many jobs it held
 */
export function takeBack(
  connection: Connection,
  counts: RunCounts,
  workerId: string,
  suspicious: boolean,
  nowMs: number,
): number {
  connection.run("DELETE FROM worker WHERE id = ?", workerId);
  const rows = connection.all<StrandedRow>(
    "DELETE FROM running WHERE worker_id = ? RETURNING seq, type, np, tag, attempts, cancel_requested_at",
    workerId,
  );
  for (const row of rows) {
    if (row.cancel_requested_at === null) {
      handBack(connection, row, nowMs);
      if (suspicious) markSuspect(connection, row.seq, nowMs);
      continue;
    }
    appendFinished(connection, counts, {
      seq: row.seq,
      type: row.type,
      status: "cancelled",
      finishedAt: nowMs,
      attempts: row.attempts,
    });
    tellDeath(connection, counts, row.seq, nowMs);
  }
  return rows.length;
}

/** Whether presence rows of long-gone idle workers lie about. */
export function hasForgotten(connection: Connection, nowMs: number): boolean {
  return (
    connection.get("SELECT 1 FROM worker WHERE seen_at < ? LIMIT 1", nowMs - FORGET_IDLE_MS) !== undefined
  );
}

export function forgetIdle(connection: Connection, nowMs: number): void {
  connection.run(
    "DELETE FROM worker WHERE seen_at < ? AND NOT EXISTS (SELECT 1 FROM running r WHERE r.worker_id = worker.id)",
    nowMs - FORGET_IDLE_MS,
  );
}
