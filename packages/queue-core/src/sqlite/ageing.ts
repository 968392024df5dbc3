import type { ReadyRow } from "./claim.ts";
import type { Connection } from "./connection.ts";

/** Of so many claims one goes to the job that has waited longest, whatever its priority. */
export const AGEING_SHARE = 16;

/**
 * Keeps low priorities from starving under a steady stream of urgent jobs: 15 of 16 claims are strict, the 16th takes
 * the head that has waited longest over all priorities and types. A share costs nothing per waiting job, and a
 * CRITICAL job never queues behind a backlog, as it would if age were part of the key.
 */
export class AgeingShare {
  #sinceLast = 0;

  /**
   * Replaces the least urgent of the rows about to be claimed where a turn of the share falls due.
   * @param urgent rows in strict order
   */
  apply(connection: Connection, types: readonly string[], urgent: readonly ReadyRow[]): readonly ReadyRow[] {
    this.#sinceLast += urgent.length;
    if (this.#sinceLast < AGEING_SHARE || urgent.length === 0) return urgent;
    this.#sinceLast %= AGEING_SHARE;
    const oldest = longestWaiting(connection, types);
    if (!oldest || urgent.some((row) => row.seq === oldest.seq)) return urgent;
    return [...urgent.slice(0, -1), oldest];
  }
}

/** The head that has waited longest: one seek per type and priority in use (a loose index scan), not one per job. */
function longestWaiting(connection: Connection, types: readonly string[]): ReadyRow | undefined {
  let oldest: ReadyRow | undefined;
  for (const type of types) {
    let head = connection.get<ReadyRow>(`${SELECT_HEAD} ORDER BY np, tag, seq LIMIT 1`, type);
    while (head) {
      if (!oldest || head.tag < oldest.tag || (head.tag === oldest.tag && head.seq < oldest.seq))
        oldest = head;
      head = connection.get<ReadyRow>(
        `${SELECT_HEAD} AND np > ? ORDER BY np, tag, seq LIMIT 1`,
        type,
        head.np,
      );
    }
  }
  return oldest;
}

const SELECT_HEAD = "SELECT type, np, tag, seq, attempts FROM ready WHERE type = ?";
