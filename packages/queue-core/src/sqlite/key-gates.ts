import { laterLinesOf, typeOf } from "../line.ts";
import type { Connection } from "./connection.ts";
import type { KeyRooms } from "./key-rooms.ts";

// What is set aside waits in `gated`, in order for each line and key, and is let into `ready` only as far as there is
// room for it: so the jobs of a key that is at its limit stand in nobody's way, however many they are. `key_gate` says
// when to look at a line again, and no claim looks at one before.

/** One claim lets in at most so many jobs, and looks at as many lines whose time has come. */
const ADMIT_AT_MOST = 1_000;
/** Looked at by each claim. Never more lines than there are runs, for each of them has one that keeps it shut. */
const WITH_EACH_CLAIM = -1;
const WITH_THE_NEXT = 0;

interface KeyGate {
  readonly line: string;
  readonly key: string;
  readonly look_at: number | null;
  readonly admitted: number;
}

const KEY_GATES = "SELECT line, key, look_at, admitted FROM key_gate";
const SHUT_BY_RUNS = `${KEY_GATES} WHERE look_at = ${WITH_EACH_CLAIM}`;

/** Whether a claim would let in anything: a read, so that an idle worker takes no lock. */
export function canOpen(connection: Connection, rooms: KeyRooms, nowMs: number): boolean {
  return (
    connection.get("SELECT 1 FROM key_gate WHERE look_at BETWEEN 0 AND ? LIMIT 1", nowMs) !== undefined ||
    isAnyOutOfReach(connection, rooms, nowMs) ||
    connection
      .all<KeyGate>(SHUT_BY_RUNS)
      .some(({ line, key, admitted }) => rooms.of(typeOf(line), key) > admitted)
  );
}

/** Whether a line is to be looked at later than its key can have to wait, as after the clock was set back. */
function isAnyOutOfReach(connection: Connection, rooms: KeyRooms, nowMs: number): boolean {
  const sql = "SELECT 1 FROM key_gate WHERE look_at > ? LIMIT 1";
  return connection.get(sql, nowMs + rooms.longestWaitMs) !== undefined;
}

/** Lets in what there is room for, of the lines whose time to be looked at has come. */
export function openGates(connection: Connection, rooms: KeyRooms, nowMs: number): void {
  if (isAnyOutOfReach(connection, rooms, nowMs))
    connection.run(
      `UPDATE key_gate SET look_at = 0 WHERE (line, key) IN (
         SELECT line, key FROM key_gate WHERE look_at > ? LIMIT ${ADMIT_AT_MOST})`,
      nowMs + rooms.longestWaitMs,
    );
  const due = connection.all<KeyGate>(
    `${KEY_GATES} WHERE look_at BETWEEN 0 AND ? ORDER BY look_at LIMIT ${ADMIT_AT_MOST}`,
    nowMs,
  );
  let left = ADMIT_AT_MOST;
  for (const gate of [...connection.all<KeyGate>(SHUT_BY_RUNS), ...due])
    if (left > 0) left -= openGate(connection, rooms, gate, left, nowMs);
}

/** @returns how many jobs were let in */
function openGate(
  connection: Connection,
  rooms: KeyRooms,
  gate: KeyGate,
  atMost: number,
  nowMs: number,
): number {
  const { line, key } = gate;
  const room = rooms.of(typeOf(line), key) - gate.admitted;
  const moved = room > 0 ? admit(connection, line, key, Math.min(room, atMost)) : 0;
  if (!isAnyGated(connection, line, key)) {
    connection.run("DELETE FROM key_gate WHERE line = ? AND key = ?", line, key);
    return moved;
  }
  const admitted = gate.admitted + moved;
  const lookAt = moved === atMost && moved < room ? WITH_THE_NEXT : nextLook(rooms, gate, admitted, nowMs);
  if (lookAt !== gate.look_at || moved > 0) setGate(connection, { line, key, look_at: lookAt, admitted });
  return moved;
}

function nextLook(rooms: KeyRooms, { line, key }: KeyGate, admitted: number, nowMs: number): number | null {
  if (admitted > 0) return null;
  const waitMs = rooms.waitMs(typeOf(line), key);
  return waitMs === null ? WITH_EACH_CLAIM : nowMs + waitMs;
}

function setGate(connection: Connection, { line, key, look_at, admitted }: KeyGate): void {
  connection.run(
    `INSERT INTO key_gate (line, key, look_at, admitted) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET look_at = excluded.look_at, admitted = excluded.admitted`,
    line,
    key,
    look_at,
    admitted,
  );
}

/** Moves the first jobs of a line among those that can be claimed. */
function admit(connection: Connection, line: string, key: string, count: number): number {
  const heads = connection.all<{ np: number; tag: number; seq: number }>(
    "SELECT np, tag, seq FROM gated WHERE line = ? AND key = ? ORDER BY np, tag, seq LIMIT ?",
    line,
    key,
    // SQLite knows no infinity.
    Math.min(count, ADMIT_AT_MOST),
  );
  const last = heads.at(-1);
  if (!last) return 0;
  const upTo = [line, key, last.np, last.tag, last.seq];
  connection.run(
    `INSERT INTO ready (type, np, tag, seq, attempts, expires_at)
     SELECT line, np, tag, seq, attempts, expires_at FROM gated
     WHERE line = ? AND key = ? AND (np, tag, seq) <= (?, ?, ?)`,
    ...upTo,
  );
  connection.run("DELETE FROM gated WHERE line = ? AND key = ? AND (np, tag, seq) <= (?, ?, ?)", ...upTo);
  connection.madeClaimable.add(line, heads.length);
  return heads.length;
}

/** Jobs with a key have left `ready` to run: the room that they have not taken is for others of their lines. */
export function letFollow(
  connection: Connection,
  rooms: KeyRooms,
  taken: readonly { readonly type: string; readonly limit_key: string | null }[],
  nowMs: number,
): void {
  const left = new Map<string, { readonly line: string; readonly key: string; count: number }>();
  for (const { type: line, limit_key: key } of taken) {
    if (key === null) continue;
    const those = left.get(`${line} ${key}`) ?? { line, key, count: 0 };
    those.count += 1;
    left.set(`${line} ${key}`, those);
  }
  for (const { line, key, count } of left.values()) {
    const gate = connection.get<KeyGate>(`${KEY_GATES} WHERE line = ? AND key = ?`, line, key);
    if (!gate) continue;
    const admitted = Math.max(0, gate.admitted - count);
    if (admitted !== gate.admitted) setGate(connection, { ...gate, admitted });
    openGate(connection, rooms, { ...gate, admitted }, ADMIT_AT_MOST, nowMs);
  }
}

/** Jobs were set aside: their line is shut until there is room. */
export function shutGate(
  connection: Connection,
  rooms: KeyRooms,
  line: string,
  key: string,
  nowMs: number,
): void {
  const gate: KeyGate = { line, key, look_at: WITH_THE_NEXT, admitted: 0 };
  setGate(connection, gate);
  openGate(connection, rooms, gate, ADMIT_AT_MOST, nowMs);
}

/** A job left its line, or `ready`, otherwise than to run: the next claim sees who comes in its place. */
export function lookSoon(connection: Connection, line: string, key: string): void {
  if (!isAnyGated(connection, line, key)) {
    connection.run("DELETE FROM key_gate WHERE line = ? AND key = ?", line, key);
    return;
  }
  const changed = connection.run(
    "UPDATE key_gate SET look_at = 0, admitted = max(admitted - 1, 0) WHERE line = ? AND key = ?",
    line,
    key,
  );
  connection.madeClaimable.add(line, changed);
}

/** A worker looks no further for a gate of its own lines; past so many of others it looks again when the last opens. */
const SEARCH_AT_MOST = 100;

/** When the next gate of some lines may open as time passes, in milliseconds since 1970 UTC; null if none does. */
export function nextLookAt(connection: Connection, lines: readonly string[], nowMs: number): number | null {
  const rows = connection.all<{ look_at: number; line: string }>(
    `SELECT look_at, line FROM key_gate WHERE look_at > ? ORDER BY look_at LIMIT ${SEARCH_AT_MOST}`,
    nowMs,
  );
  return (rows.find(({ line }) => lines.includes(line)) ?? rows[SEARCH_AT_MOST - 1])?.look_at ?? null;
}

/** The lines of a type of which jobs are set aside. */
export function gatedLinesOf(connection: Connection, type: string): readonly string[] {
  const { from, before } = laterLinesOf(type);
  const lines: string[] = [];
  let next =
    nextLine(connection, "line = ?", type) ?? nextLine(connection, "line >= ? AND line < ?", from, before);
  while (next !== undefined) {
    lines.push(next);
    next = nextLine(connection, "line > ? AND line >= ? AND line < ?", next, from, before);
  }
  return lines;
}

function nextLine(connection: Connection, where: string, ...bounds: readonly string[]): string | undefined {
  const sql = `SELECT line FROM key_gate WHERE ${where} ORDER BY line LIMIT 1`;
  return connection.get<{ line: string }>(sql, ...bounds)?.line;
}

/** Gates that one transaction wakes. */
const WAKE_CHUNK = 1_000;

/**
 * A limit has changed: what waits for its time is looked at by the next claim, as that may have come sooner.
 * @returns the last key that was looked at; null when all were
 */
export function wakeKeys(connection: Connection, line: string, after: string): string | null {
  const rows = connection.all<{ key: string }>(
    "SELECT key FROM key_gate WHERE line = ? AND key > ? ORDER BY key LIMIT ?",
    line,
    after,
    WAKE_CHUNK,
  );
  const last = rows.at(-1)?.key;
  if (last === undefined) return null;
  connection.run(
    "UPDATE key_gate SET look_at = 0 WHERE line = ? AND key > ? AND key <= ? AND look_at > 0",
    line,
    after,
    last,
  );
  connection.madeClaimable.add(line, 1);
  return rows.length < WAKE_CHUNK ? null : last;
}

function isAnyGated(connection: Connection, line: string, key: string): boolean {
  return connection.get("SELECT 1 FROM gated WHERE line = ? AND key = ? LIMIT 1", line, key) !== undefined;
}
