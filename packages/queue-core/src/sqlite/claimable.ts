import { typeOf } from "../line.ts";
import type { Connection } from "./connection.ts";
import { queueBehind } from "./gated.ts";
import { giveTurn, promoteGroups } from "./group-turns.ts";
import { ANY_TYPE } from "./made-claimable.ts";
import type { RunCounts } from "./run-counts.ts";

/**
 * Puts a job among the claimable ones, or among the scheduled ones if it is not due.
 * @param nowMs when its time in the line begins
 */
export function makeClaimable(
  connection: Connection,
  counts: RunCounts,
  row: {
    readonly seq: number;
    readonly line: string;
    readonly np: number;
    readonly dueAt: number;
    readonly attempts: number;
    readonly expireAfterMs: number | null;
    readonly limitKey: string | null;
    readonly groupKey: string | null;
  },
  isDue: boolean,
  nowMs: number,
): "pending" | "scheduled" {
  if (isDue) {
    const { limitKey: key, groupKey } = row;
    const tag = groupKey === null ? row.dueAt : giveTurn(connection, { ...row, groupKey });
    const expiresAt = row.expireAfterMs === null ? null : nowMs + row.expireAfterMs;
    if (key !== null && queueBehind(connection, { ...row, key, tag, expiresAt })) return "pending";
    connection.run(
      "INSERT INTO ready (type, np, tag, seq, attempts, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
      row.line,
      row.np,
      tag,
      row.seq,
      row.attempts,
      expiresAt,
    );
    connection.madeClaimable.add(row.line, 1);
    return "pending";
  }
  connection.run(
    "INSERT INTO scheduled (due_at, seq, type, np, attempts, expire_after_ms, group_key) VALUES (?, ?, ?, ?, ?, ?, ?)",
    row.dueAt,
    row.seq,
    row.line,
    row.np,
    row.attempts,
    row.expireAfterMs,
    row.groupKey,
  );
  counts.addState(typeOf(row.line), "scheduled", 1);
  // Idle workers know when the next job is due as of their last look: one that comes before has to be told.
  if (row.dueAt - nowMs <= SOON_MS) connection.madeClaimable.add(row.line, 1);
  return "scheduled";
}

/** Workers look at least this often by default, in milliseconds: what is due later is seen in time. */
const SOON_MS = 1_000;

/** So many scheduled jobs are looked at for one that somebody takes: an index by line would cost each a write. */
const LOOK_AT_MOST = 100;

/**
 * When the next scheduled job of these lines may be due, in milliseconds since 1970 UTC; null if there is none. Behind
 * very many others it is not looked for: then it is when the last of those is due.
 */
export function nextDue(connection: Connection, lines: readonly string[]): number | null {
  const rows = connection.all<{ due_at: number; type: string }>(
    `SELECT due_at, type FROM scheduled ORDER BY due_at, seq LIMIT ${LOOK_AT_MOST}`,
  );
  return (rows.find(({ type }) => lines.includes(type)) ?? rows[LOOK_AT_MOST - 1])?.due_at ?? null;
}

/** One promotion moves at most this many jobs, so that a million due at once cannot hold the lock for seconds. */
const PROMOTE_AT_MOST = 1_000;

/** Whether a scheduled job is due: a read, so that an idle queue writes nothing. */
export function hasDue(connection: Connection, nowMs: number): boolean {
  return connection.get("SELECT 1 FROM scheduled WHERE due_at <= ? LIMIT 1", nowMs) !== undefined;
}

/**
 * Moves due jobs among the claimable ones, the longest due first. Their time in the line begins when they were due, not
 * when somebody looked.
 * @returns how many were moved
 */
export function promoteDue(connection: Connection, counts: RunCounts, nowMs: number): number {
  if (!hasDue(connection, nowMs)) return 0;
  const last = connection.get<{ due_at: number; seq: number }>(
    `SELECT due_at, seq FROM (
       SELECT due_at, seq FROM scheduled WHERE due_at <= ? ORDER BY due_at, seq LIMIT ${PROMOTE_AT_MOST}
     ) ORDER BY due_at DESC, seq DESC LIMIT 1`,
    nowMs,
  );
  if (!last) return 0;
  const byLine = connection.all<{ line: string; jobs: number }>(
    "SELECT type AS line, count(*) AS jobs FROM scheduled WHERE (due_at, seq) <= (?, ?) GROUP BY type",
    last.due_at,
    last.seq,
  );
  for (const { line, jobs } of byLine) counts.addState(typeOf(line), "scheduled", -jobs);
  const ofGroups = promoteGroups(connection, last.due_at, last.seq);
  const moved = connection.run(
    `INSERT INTO ready (type, np, tag, seq, attempts, expires_at)
     SELECT type, np, due_at, seq, attempts, due_at + expire_after_ms FROM scheduled
     WHERE (due_at, seq) <= (?, ?)${ofGroups > 0 ? " AND group_key IS NULL" : ""}`,
    last.due_at,
    last.seq,
  );
  connection.run("DELETE FROM scheduled WHERE (due_at, seq) <= (?, ?)", last.due_at, last.seq);
  connection.madeClaimable.add(ANY_TYPE, moved + ofGroups);
  return moved + ofGroups;
}
