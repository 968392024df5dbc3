import type { Connection } from "./connection.ts";
import { Allowance, type Gates, roomOf } from "./gates.ts";
import { READY_ROWS, type ReadyRow } from "./ready-row.ts";

/** Of so many claims one goes to the job that has waited longest, whatever its priority. */
const AGEING_SHARE = 16;

/**
 * Keeps low priorities from starving under a steady stream of urgent jobs: 15 of 16 claims are strict, the 16th goes to
 * the priority whose head has waited longest over all types. A share costs nothing per waiting job, and a CRITICAL job
 * never queues behind a backlog, as it would if age were part of the key.
 */
export class AgeingShare {
  #sinceLast = 0;

  /**
   * Replaces the least urgent of the rows about to be claimed where turns of the share fall due.
   * @param urgent rows in strict order, of a limited type no more than it has room for
   */
  apply(connection: Connection, gates: Gates, urgent: readonly ReadyRow[]): readonly ReadyRow[] {
    this.#sinceLast += urgent.length;
    const turns = Math.floor(this.#sinceLast / AGEING_SHARE);
    if (turns === 0) return urgent;
    this.#sinceLast -= turns * AGEING_SHARE;
    const band = longestWaiting(connection, gates.open);
    const room = band ? roomOf(gates.limited, band.type) : 0;
    const count = Math.min(turns, urgent.length, room);
    // Where strict order serves it as well there is nothing to change.
    if (!band || urgent.filter((row) => isIn(row, band)).length >= count) return urgent;
    const oldest = connection.all<ReadyRow>(
      `${READY_ROWS} AND r.np = ? ${IN_ORDER}`,
      band.type,
      band.np,
      count,
    );
    const taken = new Set(urgent.map((row) => row.seq));
    const added = oldest.filter((row) => !taken.has(row.seq));
    if (added.length === 0) return urgent;
    // The aged have their places first; those that strict order takes as well keep theirs in it.
    const allowance = new Allowance(gates);
    const chosen = new Set(oldest.filter(({ type }) => allowance.take(type)).map((row) => row.seq));
    for (const { seq, type } of urgent)
      if (chosen.size < urgent.length && !chosen.has(seq) && allowance.take(type)) chosen.add(seq);
    return [...urgent, ...added].filter((row) => chosen.has(row.seq));
  }
}

/** A line's jobs of one priority. */
interface Band {
  readonly type: string;
  readonly np: number;
}

interface Head extends Band {
  readonly tag: number;
  readonly seq: number;
}

function isIn(row: Band, band: Band): boolean {
  return row.type === band.type && row.np === band.np;
}

/**
 * The priority whose head has waited longest. Finding it is one seek per line and priority in use (a loose index scan),
 * not one per job.
 */
function longestWaiting(connection: Connection, lines: readonly string[]): Band | undefined {
  let oldest: Head | undefined;
  for (const line of lines) {
    let head = connection.get<Head>(`${SELECT_HEAD} ${FIRST}`, line);
    while (head) {
      if (!oldest || head.tag < oldest.tag || (head.tag === oldest.tag && head.seq < oldest.seq))
        oldest = head;
      head = connection.get<Head>(`${SELECT_HEAD} AND np > ? ${FIRST}`, line, head.np);
    }
  }
  return oldest;
}

const SELECT_HEAD = "SELECT type, np, tag, seq FROM ready WHERE type = ?";
const FIRST = "ORDER BY np, tag, seq LIMIT 1";
const IN_ORDER = "ORDER BY r.np, r.tag, r.seq LIMIT ?";
