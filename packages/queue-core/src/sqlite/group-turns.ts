import { lineOf } from "../line.ts";
import type { NewJob } from "../store.ts";
import type { Connection } from "./connection.ts";

// Start-time fair queueing (Goyal, Vin, Cheng 1996) within the jobs of one line and priority. A job of a group stands a
// millisecond behind the newest one of its group that waits, whenever that came; the first one of a group stands beside
// the head of the line. So each group has its turn once per millisecond of places, a claim knows nothing of groups, and
// who has no job in the line pays nothing for what it had before.

/** How far the jobs of a group of weight 1 stand apart, in microseconds. */
const APART_US = 1_000;

interface Newcomer {
  readonly seq: number;
  readonly line: string;
  readonly np: number;
  readonly dueAt: number;
  readonly groupKey: string;
}

/** Gives a job of a group that enters the line its place there. */
export function giveTurn(connection: Connection, job: Newcomer): number {
  const turns = new Turns(connection);
  const tag = turns.next(job);
  turns.store();
  return tag;
}

/** Does the same for those of a list of new jobs that have a group, before they are put into their lines. */
export function giveTurns(
  connection: Connection,
  jobs: readonly NewJob[],
  first: number,
  dueAt: number,
): void {
  const turns = new Turns(connection);
  jobs.forEach((job, i) => {
    const { priority, groupKey } = job;
    if (groupKey !== undefined)
      turns.next({ seq: first + i, line: lineOf(job), np: -priority, dueAt, groupKey });
  });
  turns.store();
}

/**
 * Moves the due jobs of groups into their lines, up to the last one that is promoted.
 * @returns how many; they stay in `scheduled`, for who moves the others takes all out
 */
export function promoteGroups(connection: Connection, dueAt: number, seq: number): number {
  const any = "SELECT 1 FROM scheduled WHERE group_key IS NOT NULL AND due_at <= ? LIMIT 1";
  if (!connection.get(any, dueAt)) return 0;
  const rows = connection.all<Newcomer & { attempts: number; expiresAt: number | null }>(
    `SELECT seq, type AS line, np, due_at AS dueAt, group_key AS groupKey, attempts,
       due_at + expire_after_ms AS expiresAt
     FROM scheduled WHERE group_key IS NOT NULL AND (due_at, seq) <= (?, ?) ORDER BY due_at, seq`,
    dueAt,
    seq,
  );
  const turns = new Turns(connection);
  for (const row of rows)
    connection.run(
      "INSERT INTO ready (type, np, tag, seq, attempts, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
      row.line,
      row.np,
      turns.next(row),
      row.seq,
      row.attempts,
      row.expiresAt,
    );
  turns.store();
  return rows.length;
}

interface Turn {
  readonly line: string;
  readonly np: number;
  readonly groupKey: string;
  readonly apartUs: number;
  nextUs: number;
  tag: number;
  seq: number;
}

/** The turns of some groups, read once and stored once. */
class Turns {
  readonly #connection: Connection;
  readonly #turns = new Map<string, Turn>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @returns its place in the line, which its row then says, too */
  next(job: Newcomer): number {
    const id = `${job.line} ${job.np} ${job.groupKey}`;
    const turn = this.#turns.get(id) ?? this.#read(job);
    this.#turns.set(id, turn);
    turn.tag = Math.floor(turn.nextUs / 1_000);
    turn.seq = job.seq;
    turn.nextUs += turn.apartUs;
    this.#connection.run("UPDATE job SET tag = ? WHERE seq = ?", turn.tag, job.seq);
    return turn.tag;
  }

  store(): void {
    for (const { line, np, groupKey, nextUs, tag, seq } of this.#turns.values())
      this.#connection.run(
        `INSERT INTO group_turn (line, np, group_key, next_us, tag, seq) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET next_us = excluded.next_us, tag = excluded.tag, seq = excluded.seq`,
        line,
        np,
        groupKey,
        nextUs,
        tag,
        seq,
      );
  }

  #read({ line, np, dueAt, groupKey }: Newcomer): Turn {
    const head = this.#connection.get<{ tag: number }>(
      "SELECT tag FROM ready WHERE type = ? AND np = ? ORDER BY tag LIMIT 1",
      line,
      np,
    );
    // Where the newest one has been claimed all of its group have, and it begins anew.
    const waiting = this.#connection.get<{ next_us: number }>(
      `SELECT next_us FROM group_turn
       WHERE line = ? AND np = ? AND group_key = ? AND ${IS_NEWEST_UNCLAIMED}`,
      line,
      np,
      groupKey,
    );
    const nextUs = Math.max((head?.tag ?? dueAt) * 1_000, waiting?.next_us ?? 0);
    const apartUs = Math.max(1, Math.round(APART_US / readWeight(this.#connection, groupKey)));
    return { line, np, groupKey, apartUs, nextUs, tag: 0, seq: 0 };
  }
}

/**
 * Whether the newest job of a group was not claimed yet: it waits, or is set aside, or was called off, put off, given
 * up or moved to another line before it ran. Then its turn is taken: others of the group may stand before it.
 */
const IS_NEWEST_UNCLAIMED = `(
  EXISTS (SELECT 1 FROM ready r WHERE r.type = group_turn.line AND r.np = group_turn.np
    AND r.tag = group_turn.tag AND r.seq = group_turn.seq)
  OR EXISTS (SELECT 1 FROM gated g WHERE g.seq = group_turn.seq)
  OR EXISTS (SELECT 1 FROM finished f WHERE f.seq = group_turn.seq AND f.status = 'cancelled' AND f.claimed_at IS NULL)
  OR EXISTS (SELECT 1 FROM job j JOIN scheduled s ON s.due_at = j.due_at AND s.seq = j.seq
    WHERE j.seq = group_turn.seq AND j.snoozes = 0 AND s.attempts = 0)
  OR EXISTS (SELECT 1 FROM dead_letter_jobs d WHERE d.seq = group_turn.seq AND d.reason = 'expired')
  OR EXISTS (SELECT 1 FROM discarded_jobs d WHERE d.seq = group_turn.seq AND d.reason = 'expired')
  OR EXISTS (SELECT 1 FROM job j JOIN ready r ON r.type = coalesce(j.line, j.type) AND r.np = -j.priority
      AND r.tag = j.tag AND r.seq = j.seq
    WHERE j.seq = group_turn.seq AND j.tag = group_turn.tag)
)`;

function readWeight(connection: Connection, groupKey: string): number {
  const sql = "SELECT weight FROM group_weight WHERE group_key = ?";
  return connection.get<{ weight: number }>(sql, groupKey)?.weight ?? 1;
}

/** Where a search for turns begins that are worth nothing any more. */
export interface TurnKey {
  readonly line: string;
  readonly np: number;
  readonly group_key: string;
}

export const FIRST_TURN: TurnKey = { line: "", np: 0, group_key: "" };

/** Turns that one transaction looks at. */
const PRUNE_CHUNK = 1_000;

/** Deletes those of a chunk of turns whose job has left the line; returns where the next begins, null at the end. */
export function pruneTurns(connection: Connection, after: TurnKey): TurnKey | null {
  const rows = connection.all<TurnKey>(
    `SELECT line, np, group_key FROM group_turn WHERE (line, np, group_key) > (?, ?, ?)
     ORDER BY line, np, group_key LIMIT ${PRUNE_CHUNK}`,
    after.line,
    after.np,
    after.group_key,
  );
  const last = rows.at(-1);
  if (!last) return null;
  connection.run(
    `DELETE FROM group_turn WHERE (line, np, group_key) > (?, ?, ?) AND (line, np, group_key) <= (?, ?, ?)
       AND NOT ${IS_NEWEST_UNCLAIMED}`,
    after.line,
    after.np,
    after.group_key,
    last.line,
    last.np,
    last.group_key,
  );
  return rows.length < PRUNE_CHUNK ? null : last;
}
