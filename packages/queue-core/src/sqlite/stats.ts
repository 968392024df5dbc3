import type { HealthFacts, HealthLimits } from "../health.ts";
import type { JobStatus } from "../job.ts";
import { keyIdOf, typeOf, versionOf } from "../line.ts";
import type { QueueStats, UnreadJobs } from "../stats.ts";
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
  const byLine = connection.all<Count>(
    `SELECT type, 'pending' AS status, sum(count) AS count FROM (
       SELECT type, count(*) AS count FROM ready GROUP BY type
       UNION ALL SELECT line, count(*) FROM gated GROUP BY line) GROUP BY type
     UNION ALL SELECT type, 'scheduled', count(*) FROM scheduled GROUP BY type
     UNION ALL SELECT j.type, 'waiting', count(*) FROM waiting h JOIN job j ON j.seq = h.seq GROUP BY j.type
     UNION ALL SELECT type, 'processing', count(*) FROM running GROUP BY type
     UNION ALL SELECT type, status, count FROM finished_count WHERE count > 0
     UNION ALL SELECT type, 'failed', count(*) FROM dead_letter_jobs GROUP BY type`,
  );
  const byType = sumByType(byLine);
  const heads = lineHeads(connection);
  const pendingIn = new Map(byLine.filter(isPending).map(({ type: line, count }) => [line, count]));
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
      oldestPending: oldestOf(heads),
      scheduled: total("scheduled"),
      waiting: total("waiting"),
      processingRatePerMinute: (lately.completed + lately.failed) / RATE_MINUTES,
      failureRate: runs === 0 ? null : lastHour.failed / runs,
    },
    paused: readPauses(connection),
    unread: unreadOf(connection, heads).map(({ line, jobs }) => ({
      ...jobs,
      count: pendingIn.get(line) ?? 0,
    })),
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

/**
 * What the health is judged by; each count stops one past its limit. Jobs of paused types wait because somebody wants
 * them to, and are left out.
 */
export function readHealthFacts(
  connection: Connection,
  limits: Pick<HealthLimits, "pending" | "unreviewed">,
): HealthFacts {
  const heads = unpaused(connection, lineHeads(connection));
  // Line by line, as a paused backlog is not to be walked through to find the others.
  let pending = 0;
  for (const line of heads.keys())
    pending += countUpTo(connection, PENDING_IN, limits.pending - pending, line, line);
  return {
    pending,
    oldestPending: oldestOf(heads),
    unread: unreadOf(connection, heads).map(({ jobs }) => jobs),
    unreviewed: countUpTo(connection, "SELECT 1 FROM dead_letter_jobs WHERE reviewed = 0", limits.unreviewed),
  };
}

const PENDING_IN = "SELECT 1 FROM ready WHERE type = ? UNION ALL SELECT 1 FROM gated WHERE line = ?";

function countUpTo(connection: Connection, rows: string, limit: number, ...parameters: unknown[]): number {
  // A limit may be a fraction, or infinite where somebody does not care.
  const most = Math.max(-1, Math.floor(Math.min(limit, Number.MAX_SAFE_INTEGER - 1))) + 1;
  const sql = `SELECT count(*) AS n FROM (${rows} LIMIT ?)`;
  return connection.get<{ n: number }>(sql, ...parameters, most)?.n ?? 0;
}

function unpaused(connection: Connection, heads: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const { queueSince, types } = readPauses(connection);
  if (queueSince) return new Map();
  const paused = new Set(types.map(({ type }) => type));
  return new Map([...heads].filter(([line]) => !paused.has(typeOf(line))));
}

interface Head {
  readonly type: string;
  readonly np: number;
  readonly tag: number;
}

/** Since when the oldest job of each line waits: one seek per line and priority in use, each in the order of time. */
function lineHeads(connection: Connection): ReadonlyMap<string, number> {
  const head = (where: string, ...parameters: unknown[]): Head | undefined =>
    connection.get(`SELECT type, np, tag FROM ready ${where} ORDER BY type, np, tag LIMIT 1`, ...parameters);
  const heads = new Map<string, number>();
  for (let next = head(""); next; ) {
    heads.set(next.type, Math.min(heads.get(next.type) ?? next.tag, next.tag));
    // Not as one comparison of rows: SQLite would seek by the type alone and walk past its jobs.
    next = head("WHERE type = ? AND np > ?", next.type, next.np) ?? head("WHERE type > ?", next.type);
  }
  addGatedHeads(connection, heads);
  return heads;
}

/** What is set aside waits as well. */
function addGatedHeads(connection: Connection, heads: Map<string, number>): void {
  const sql = "SELECT line, tag FROM gated WHERE line > ? ORDER BY line, tag LIMIT 1";
  const head = (after: string): { line: string; tag: number } | undefined => connection.get(sql, after);
  for (let next = head(""); next; next = head(next.line))
    heads.set(next.line, Math.min(heads.get(next.line) ?? next.tag, next.tag));
}

function oldestOf(heads: ReadonlyMap<string, number>): Date | null {
  return heads.size === 0 ? null : new Date(Math.min(...heads.values()));
}

interface UnreadLine {
  readonly line: string;
  readonly jobs: Omit<UnreadJobs, "count">;
}

/** The lines of later versions that have jobs, and from which no worker there is claims. */
function unreadOf(connection: Connection, heads: ReadonlyMap<string, number>): readonly UnreadLine[] {
  const special = [...heads].filter(([line]) => typeOf(line) !== line);
  if (special.length === 0) return [];
  const taken = connection.all<{ line: string }>(
    "SELECT DISTINCT l.value AS line FROM worker w, json_each(w.lines) l",
  );
  const known = new Set(taken.map(({ line }) => line));
  return special
    .filter(([line]) => !known.has(line))
    .map(([line, since]) => ({
      line,
      jobs: {
        type: typeOf(line),
        payloadVersion: versionOf(line),
        keyId: keyIdOf(line),
        since: new Date(since),
      },
    }));
}

interface Count {
  readonly type: string;
  readonly status: JobStatus;
  readonly count: number;
}

const isPending = ({ status }: Count): boolean => status === "pending";

/** Where jobs wait, `type` is the line; a type has one for each version of its payloads. */
function sumByType(byLine: readonly Count[]): readonly Count[] {
  const sums = new Map<string, Count>();
  for (const { type: line, status, count } of byLine) {
    const type = typeOf(line);
    const key = `${type} ${status}`;
    sums.set(key, { type, status, count: count + (sums.get(key)?.count ?? 0) });
  }
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...sums.values()].sort((a, b) => order(a.type, b.type) || order(a.status, b.status));
}

function unreviewed(connection: Connection): number {
  return (
    connection.get<{ n: number }>("SELECT count(*) AS n FROM dead_letter_jobs WHERE reviewed = 0")?.n ?? 0
  );
}
