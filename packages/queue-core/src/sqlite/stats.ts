import type { HealthFacts, HealthLimits } from "../health.ts";
import type { JobStatus } from "../job.ts";
import type { QueueStats } from "../stats.ts";
import type { Connection } from "./connection.ts";
import { readPauses } from "./pauses.ts";

/** The rate is taken over so many whole minutes. */
const RATE_MINUTES = 5;

interface RunTotals {
  readonly completed: number;
  readonly failed: number;
}

/** Counts by state and type, each from the state's own table; ended jobs from counters kept by every transaction. */
export function readStats(connection: Connection, nowMs: number): QueueStats {
  const byType = connection.all<{ type: string; status: JobStatus; count: number }>(
    `SELECT type, 'pending' AS status, count(*) AS count FROM ready GROUP BY type
     UNION ALL SELECT type, 'scheduled', count(*) FROM scheduled GROUP BY type
     UNION ALL SELECT j.type, 'waiting', count(*) FROM waiting h JOIN job j ON j.seq = h.seq GROUP BY j.type
     UNION ALL SELECT type, 'processing', count(*) FROM running GROUP BY type
     UNION ALL SELECT type, status, count FROM finished_count WHERE count > 0
     UNION ALL SELECT type, 'failed', count(*) FROM dead_letter_jobs GROUP BY type
     ORDER BY 1, 2`,
  );
  const total = (status: JobStatus): number =>
    byType.reduce((sum, row) => (row.status === status ? sum + row.count : sum), 0);
  const minute = Math.floor(nowMs / 60_000);
  const lastHour = runsBetween(connection, minute - 59, minute);
  const lately = runsBetween(connection, minute - RATE_MINUTES, minute - 1);
  const runs = lastHour.completed + lastHour.failed;
  return {
    queue: {
      pending: total("pending"),
      processing: total("processing"),
      completedLastHour: lastHour.completed,
      failed: total("failed"),
      oldestPending: oldestPending(connection),
      scheduled: total("scheduled"),
      waiting: total("waiting"),
      processingRatePerMinute: (lately.completed + lately.failed) / RATE_MINUTES,
      failureRate: runs === 0 ? null : lastHour.failed / runs,
    },
    paused: readPauses(connection),
    deadLetterQueue: { unreviewed: unreviewed(connection) },
    byType,
  };
}

function runsBetween(connection: Connection, first: number, last: number): RunTotals {
  const row = connection.get<{ completed: number | null; failed: number | null }>(
    `SELECT sum(completed) AS completed, sum(failed + timed_out) AS failed
     FROM minute_stat WHERE minute BETWEEN ? AND ?`,
    first,
    last,
  );
  return { completed: row?.completed ?? 0, failed: row?.failed ?? 0 };
}

/** What the health is judged by; each count stops one past its limit. */
export function readHealthFacts(
  connection: Connection,
  limits: Pick<HealthLimits, "pending" | "unreviewed">,
): HealthFacts {
  const upTo = (rows: string, limit: number): number => {
    // A limit may be a fraction, or infinite where somebody does not care.
    const most = Math.max(0, Math.floor(Math.min(limit, Number.MAX_SAFE_INTEGER - 1))) + 1;
    return connection.get<{ n: number }>(`SELECT count(*) AS n FROM (${rows} LIMIT ?)`, most)?.n ?? 0;
  };
  return {
    pending: upTo("SELECT 1 FROM ready", limits.pending),
    oldestPending: oldestPending(connection),
    unreviewed: upTo("SELECT 1 FROM dead_letter_jobs WHERE reviewed = 0", limits.unreviewed),
  };
}

interface Head {
  readonly type: string;
  readonly np: number;
  readonly tag: number;
}

/** One seek per type and priority in use: within both the line is in the order of time. */
function oldestPending(connection: Connection): Date | null {
  const head = (where: string, ...parameters: unknown[]): Head | undefined =>
    connection.get(`SELECT type, np, tag FROM ready ${where} ORDER BY type, np, tag LIMIT 1`, ...parameters);
  let oldest: number | null = null;
  for (let next = head(""); next; ) {
    oldest = Math.min(oldest ?? next.tag, next.tag);
    // Not as one comparison of rows: SQLite would seek by the type alone and walk past its jobs.
    next = head("WHERE type = ? AND np > ?", next.type, next.np) ?? head("WHERE type > ?", next.type);
  }
  return oldest === null ? null : new Date(oldest);
}

function unreviewed(connection: Connection): number {
  return (
    connection.get<{ n: number }>("SELECT count(*) AS n FROM dead_letter_jobs WHERE reviewed = 0")?.n ?? 0
  );
}
