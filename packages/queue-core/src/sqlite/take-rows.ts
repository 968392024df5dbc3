import { typeOf } from "../line.ts";
import type { Connection } from "./connection.ts";
import type { ReadyKey } from "./ready-row.ts";

export interface Holder {
  readonly workerId: string;
  readonly token: number;
  readonly nowMs: number;
}

/** The jobs that are taken, and the heads of the lines they were chosen from. */
export interface Choice<Row extends ReadyKey = ReadyKey> {
  readonly taken: readonly Row[];
  /** In the order of claiming; of each type the first ones of its line, without a gap. */
  readonly heads: readonly Row[];
}

/**
 * Moves jobs from the line to those that run. What is taken is nearly always the beginning of a type's line, which
 * moves with two statements however many jobs it is; only what the ageing share picked from further back moves one by
 * one.
 */
export function moveToRunning(connection: Connection, { taken, heads }: Choice, holder: Holder): void {
  const left = new Set(taken);
  for (const last of endsOfRuns(heads, left)) moveUpTo(connection, last, holder);
  for (const row of left) moveOne(connection, row, holder);
}

/** The last job of each line's unbroken beginning that is taken; those beginnings are struck off `left`. */
function endsOfRuns(heads: readonly ReadyKey[], left: Set<ReadyKey>): Iterable<ReadyKey> {
  const ends = new Map<string, ReadyKey>();
  const broken = new Set<string>();
  for (const row of heads) {
    if (broken.has(row.type)) continue;
    if (left.delete(row)) ends.set(row.type, row);
    else broken.add(row.type);
  }
  return ends.values();
}

function moveUpTo(connection: Connection, last: ReadyKey, { token, workerId, nowMs }: Holder): void {
  const { type, np, tag, seq } = last;
  connection.run(
    `INSERT INTO running (seq, token, type, np, tag, attempts, worker_id, claimed_at)
     SELECT seq, ?, ?, np, tag, attempts, ?, ? FROM ready WHERE type = ? AND (np, tag, seq) <= (?, ?, ?)`,
    token,
    typeOf(type),
    workerId,
    nowMs,
    type,
    np,
    tag,
    seq,
  );
  connection.run("DELETE FROM ready WHERE type = ? AND (np, tag, seq) <= (?, ?, ?)", type, np, tag, seq);
}

function moveOne(connection: Connection, row: ReadyKey, { token, workerId, nowMs }: Holder): void {
  const { type, np, tag, seq, attempts } = row;
  connection.run("DELETE FROM ready WHERE type = ? AND np = ? AND tag = ? AND seq = ?", type, np, tag, seq);
  connection.run(
    "INSERT INTO running (seq, token, type, np, tag, attempts, worker_id, claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    seq,
    token,
    typeOf(type),
    np,
    tag,
    attempts,
    workerId,
    nowMs,
  );
}
