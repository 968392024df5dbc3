import { linear } from "../backoff.ts";
import { describeError } from "../error-text.ts";
import { AttemptTimeoutError } from "../errors.ts";
import type { Finish } from "../store.ts";
import type { HeldRun } from "./beat.ts";
import type { Connection } from "./connection.ts";
import { finishJob } from "./finish.ts";
import { RunCounts } from "./run-counts.ts";

/**
 * Ends runs as timed out, each under its lease. The next attempt waits as the default backoff says: the type's own is a
 * function of the main thread. A job that has no attempt left is buried by whoever claims it next, where its hook is.
 */
export function endHungRuns(connection: Connection, runs: readonly HeldRun[], nowMs: number): void {
  const counts = new RunCounts();
  connection.run("BEGIN IMMEDIATE");
  try {
    // Nothing is enqueued here, so there is no order of creation to keep.
    for (const run of runs) finishJob(connection, counts, timedOut(run), { nowMs, createdAtMs: nowMs });
    counts.flush(connection);
    connection.run("COMMIT");
  } catch (error) {
    if (connection.database.inTransaction) connection.run("ROLLBACK");
    throw error;
  }
}

function timedOut(run: HeldRun): Finish {
  const error = new AttemptTimeoutError(
    "The run took longer than its type allows, and its worker answered nothing",
  );
  const delayMs = linear().boundMs(run.attempts + 1);
  const verdict = { verb: "retry", delayMs, error: describeError(error), timedOut: true } as const;
  return { job: run, verdict, followUps: [], effects: [] };
}
