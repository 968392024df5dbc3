import type { Connection } from "./connection.ts";
import { RunCounts } from "./run-counts.ts";
import { rescueFrom } from "./workers.ts";

/**
 * No queue claims that often between a backup and its restore (at 100,000 a second it would take four months), and
 * 8,000 restores fit into the integers that JavaScript counts exactly.
 */
const TOKENS_SKIPPED = 2 ** 40;

interface LastHolder {
  readonly workerId: string;
  readonly beat: number;
  readonly started_at: number;
}

/**
 * Cuts a restored database off from all who held jobs of it: what was running at the time of the backup is handed
 * back, with no attempt spent and nobody suspected, and the lease counter is raised past every token that can have been
 * given out since. Otherwise the counter would give the tokens of lost claims again, and a worker that comes back with
 * one could end a run that is not its own.
 * @returns how many jobs were handed back
 */
export function fenceRestored(connection: Connection, nowMs: number): number {
  const counts = new RunCounts();
  connection.run("BEGIN IMMEDIATE");
  try {
    connection.run("UPDATE lease_counter SET last = last + ?", TOKENS_SKIPPED);
    // None of them died of a job: the backup ended them.
    connection.run("UPDATE worker SET draining_at = coalesce(draining_at, ?)", nowMs);
    const holders = connection.all<LastHolder>(
      `SELECT DISTINCT r.worker_id AS workerId, coalesce(w.beat, -1) AS beat, coalesce(w.started_at, -1) AS started_at
       FROM running r LEFT JOIN worker w ON w.id = r.worker_id`,
    );
    let handedBack = 0;
    for (const { workerId, beat, started_at } of holders)
      handedBack += rescueFrom(connection, counts, { workerId, lastBeat: { beat, started_at } }, nowMs);
    connection.run("DELETE FROM worker");
    counts.flush(connection);
    connection.run("COMMIT");
    return handedBack;
  } catch (error) {
    if (connection.database.inTransaction) connection.run("ROLLBACK");
    throw error;
  }
}
