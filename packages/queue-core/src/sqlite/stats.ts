import type { HealthFacts } from "../health.ts";
import type { JobStatus } from "../job.ts";
import { keyIdOf, typeOf, versionOf } from "../line.ts";
import type { QueueStats, UnreadJobs } from "../stats.ts";
import type { Connection } from "./connection.ts";
import { countJobs, type StateCount } from "./count-jobs.ts";
import { readPauses } from "./pauses.ts";

/** The rate is taken over so many whole minutes. */
const RATE_MINUTES = 5;

interface RunTotals {
  readonly completed: number;
  readonly failed: number;
}

/** From counters that every transaction keeps, at a cost that does not grow with the queue. */
export function readStats(connection: Connection, nowMs: number): QueueStats {
  const { byType, unreviewed } = countJobs(connection);
  const heads = lineHeads(connection);
  const minute = Math.floor(nowMs / 60_000);
  const lastHour = runsBetween(connection, minute - 59, minute);
  const lately = runsBetween(connection, minute - RATE_MINUTES, minute - 1);
  const runs = lastHour.completed + lastHour.failed;
  return {
    queue: {
      pending: total(byType, "pending"),
      processing: total(byType, "processing"),
      completedLastHour: lastHour.completed,
      failed: total(byType, "failed"),
      oldestPending: oldestOf(heads),
      scheduled: total(byType, "scheduled"),
      waiting: total(byType, "waiting"),
      processingRatePerMinute: (lately.completed + lately.failed) / RATE_MINUTES,
      failureRate: runs === 0 ? null : lastHour.failed / runs,
    },
    paused: readPauses(connection),
    unread: unreadOf(connection, heads).map(({ line, jobs }) => ({
      ...jobs,
      count: countUnread(connection, line),
    })),
    deadLetterQueue: { unreviewed },
    byType,
  };
}

function total(byType: readonly StateCount[], status: JobStatus): number {
  return byType.reduce((sum, row) => (row.status === status ? sum + row.count : sum), 0);
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

/** Jobs of paused types wait because somebody wants them to, and are left out. */
export function readHealthFacts(connection: Connection): HealthFacts {
  const { byType, unreviewed } = countJobs(connection);
  const isPaused = pausesOf(connection);
  const heads = new Map([...lineHeads(connection)].filter(([line]) => !isPaused(typeOf(line))));
  return {
    pending: total(
      byType.filter(({ type }) => !isPaused(type)),
      "pending",
    ),
    oldestPending: oldestOf(heads),
    unread: unreadOf(connection, heads).map(({ jobs }) => jobs),
    unreviewed,
  };
}

function pausesOf(connection: Connection): (type: string) => boolean {
  const { queueSince, types } = readPauses(connection);
  const paused = new Set(types.map(({ type }) => type));
  return (type) => queueSince !== null || paused.has(type);
}

interface Head {
  readonly type: string;
  readonly np: number;
  /** When it was due: a group may have given it another place. */
  readonly due_at: number;
}

/** Since when the oldest job of each line waits: one seek per line and priority in use, each in the order of time. */
function lineHeads(connection: Connection): ReadonlyMap<string, number> {
  const head = (where: string, ...parameters: unknown[]): Head | undefined =>
    connection.get(
      `SELECT h.type, h.np, j.due_at FROM ready h CROSS JOIN job j ON j.seq = h.seq ${where}
       ORDER BY h.type, h.np, h.tag LIMIT 1`,
      ...parameters,
    );
  const heads = new Map<string, number>();
  for (let next = head(""); next; ) {
    heads.set(next.type, Math.min(heads.get(next.type) ?? next.due_at, next.due_at));
    // Not as one comparison of rows: SQLite would seek by the type alone and walk past its jobs.
    next = head("WHERE h.type = ? AND h.np > ?", next.type, next.np) ?? head("WHERE h.type > ?", next.type);
  }
  addGatedHeads(connection, heads);
  return heads;
}

/** What is set aside waits as well. */
function addGatedHeads(connection: Connection, heads: Map<string, number>): void {
  const sql = `SELECT g.line, j.due_at FROM gated g CROSS JOIN job j ON j.seq = g.seq
    WHERE g.line > ? ORDER BY g.line, g.tag LIMIT 1`;
  const head = (after: string): { line: string; due_at: number } | undefined => connection.get(sql, after);
  for (let next = head(""); next; next = head(next.line))
    heads.set(next.line, Math.min(heads.get(next.line) ?? next.due_at, next.due_at));
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

/** Lines are seldom unread, so they have no counter: their jobs are counted, up to where they are many. */
const UNREAD_AT_MOST = 10_000;

function countUnread(connection: Connection, line: string): number {
  const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM ready WHERE type = ?
    UNION ALL SELECT 1 FROM gated WHERE line = ? LIMIT ${UNREAD_AT_MOST})`;
  return connection.get<{ n: number }>(sql, line, line)?.n ?? 0;
}
