import { typeOf } from "../line.ts";
import type { Connection } from "./connection.ts";
import { lookSoon, shutGate } from "./key-gates.ts";
import type { KeyRooms } from "./key-rooms.ts";
import type { ReadyRow } from "./ready-row.ts";

/** One claim sets aside at most about so many jobs: some milliseconds of work. */
export const SET_ASIDE_AT_MOST = 1_000;

/**
 * Sorts out which of the jobs about to be claimed may start, as far as their keys' limits go.
 * @returns those that may not
 */
export function shutRows(rooms: KeyRooms, rows: readonly ReadyRow[]): readonly ReadyRow[] {
  rooms.putBack();
  return rows.filter(({ type, limit_key: key }) => key !== null && !rooms.take(typeOf(type), key));
}

/**
 * Takes jobs whose keys are at their limits out of the way, and with them those of the same keys that stand among the
 * first of their type's line: a thousand of one key are met in a few rounds, and not one by one.
 * @param options.shut those that were met
 * @param options.keep numbers of those that may start
 * @param options.window how far to look into each line
 * @returns how many were set aside
 */
export function setAside(
  connection: Connection,
  rooms: KeyRooms,
  options: { readonly shut: readonly ReadyRow[]; readonly keep: readonly number[]; readonly window: number },
  nowMs: number,
): number {
  let moved = 0;
  const keys = new Map<string, Set<string>>();
  for (const row of options.shut) {
    const key = row.limit_key ?? "";
    moved += setOneAside(connection, row, key);
    keys.set(row.type, (keys.get(row.type) ?? new Set()).add(key));
  }
  for (const [line, shut] of keys) {
    moved += setHeadsAside(connection, line, [...shut], options);
    for (const key of shut) shutGate(connection, rooms, line, key, nowMs);
  }
  return moved;
}

function setOneAside(connection: Connection, row: ReadyRow, key: string): number {
  const { type, np, tag, seq, attempts, expires_at } = row;
  connection.run("DELETE FROM ready WHERE type = ? AND np = ? AND tag = ? AND seq = ?", type, np, tag, seq);
  return insertGated(connection, { line: type, key, np, tag, seq, attempts, expiresAt: expires_at });
}

function setHeadsAside(
  connection: Connection,
  line: string,
  keys: readonly string[],
  { keep, window }: { readonly keep: readonly number[]; readonly window: number },
): number {
  const heads =
    "SELECT np, tag, seq, attempts, expires_at FROM ready WHERE type = ? ORDER BY np, tag, seq LIMIT ?";
  const moved = connection.run(
    `INSERT INTO gated (line, key, np, tag, seq, attempts, expires_at)
     SELECT ?, j.limit_key, h.np, h.tag, h.seq, h.attempts, h.expires_at FROM (${heads}) h
     CROSS JOIN job j ON j.seq = h.seq
     WHERE j.limit_key IN (SELECT value FROM json_each(?)) AND h.seq NOT IN (SELECT value FROM json_each(?))`,
    line,
    line,
    window,
    JSON.stringify(keys),
    JSON.stringify(keep),
  );
  if (moved > 0)
    connection.run(
      `DELETE FROM ready WHERE type = ? AND (np, tag, seq) IN (
         SELECT h.np, h.tag, h.seq FROM (${heads}) h JOIN gated g ON g.seq = h.seq)`,
      line,
      line,
      window,
    );
  return moved;
}

interface NewGated {
  readonly line: string;
  readonly key: string;
  readonly np: number;
  readonly tag: number;
  readonly seq: number;
  readonly attempts: number;
  readonly expiresAt: number | null;
}

function insertGated(connection: Connection, row: NewGated): number {
  return connection.run(
    "INSERT INTO gated (line, key, np, tag, seq, attempts, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    row.line,
    row.key,
    row.np,
    row.tag,
    row.seq,
    row.attempts,
    row.expiresAt,
  );
}

/**
 * Has a job that comes due stand behind those of its key that are set aside already.
 * @returns false if it goes before them, or there are none: then the claim that meets it sees whether it may start
 */
export function queueBehind(connection: Connection, row: NewGated): boolean {
  const { line, key, np } = row;
  const sql = "SELECT 1 FROM gated WHERE line = ? AND key = ? AND np <= ? LIMIT 1";
  if (!connection.get(sql, line, key, np)) return false;
  insertGated(connection, row);
  return true;
}

/**
 * Sets new jobs aside that were added in a list and whose keys are limited; the next claim lets in those that have
 * room. Many of one key, met by claims in the line, would be moved twice.
 * @param first row number of the first; the others follow it
 */
export function placeKeyed(connection: Connection, first: number, last: number, nowMs: number): void {
  const isLimited = `j.seq BETWEEN ? AND ? AND j.limit_key IS NOT NULL AND EXISTS (
    SELECT 1 FROM job_limit l WHERE coalesce(l.key_rate_limit, l.key_concurrency) IS NOT NULL
      AND (l.name = j.type OR l.name = (SELECT s.name FROM limit_share s WHERE s.type = j.type)))`;
  connection.run(
    `INSERT INTO gated (line, key, np, tag, seq, attempts, expires_at)
     SELECT coalesce(j.line, j.type), j.limit_key, -j.priority, coalesce(j.tag, j.due_at), j.seq, 0,
       ? + j.expire_after_ms
     FROM job j WHERE ${isLimited}`,
    nowMs,
    first,
    last,
  );
  // Where one of them is now the first of its key it need not wait for what was let in before it.
  connection.run(
    `INSERT INTO key_gate (line, key, look_at, admitted)
     SELECT DISTINCT coalesce(j.line, j.type), j.limit_key, 0, 0 FROM job j WHERE ${isLimited}
     ON CONFLICT DO UPDATE SET look_at = 0, admitted = 0 WHERE look_at IS NULL AND (
       SELECT g.seq FROM gated g WHERE g.line = key_gate.line AND g.key = key_gate.key
       ORDER BY g.np, g.tag, g.seq LIMIT 1) BETWEEN ? AND ?`,
    first,
    last,
    first,
    last,
  );
}

/**
 * Takes a pending job out of the line, or from where it is set aside; another of its key may come in its place.
 * @returns undefined if it is in neither
 */
export function takePending(
  connection: Connection,
  { seq, line, priority }: { readonly seq: number; readonly line: string; readonly priority: number },
): { readonly attempts: number } | undefined {
  const of = connection.get<{ tag: number; key: string | null }>(
    "SELECT coalesce(tag, due_at) AS tag, limit_key AS key FROM job WHERE seq = ?",
    seq,
  );
  const taken =
    connection.get<{ attempts: number }>(
      "DELETE FROM ready WHERE type = ? AND np = ? AND tag = ? AND seq = ? RETURNING attempts",
      line,
      -priority,
      of?.tag,
      seq,
    ) ?? connection.get<{ attempts: number }>("DELETE FROM gated WHERE seq = ? RETURNING attempts", seq);
  if (of && of.key !== null) lookSoon(connection, line, of.key);
  return taken;
}

/** Moves a job that is set aside to another line. */
export function moveGated(connection: Connection, seq: number, from: string, line: string): void {
  const row = connection.get<{ key: string }>(
    "UPDATE gated SET line = ? WHERE seq = ? RETURNING key",
    line,
    seq,
  );
  if (!row) return;
  lookSoon(connection, from, row.key);
  connection.run(
    "INSERT INTO key_gate (line, key, look_at, admitted) VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING",
    line,
    row.key,
  );
}
