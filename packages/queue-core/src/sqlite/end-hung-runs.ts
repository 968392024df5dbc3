import { linear } from "../backoff.ts";
import { describeError } from "../error-text.ts";
import { AttemptTimeoutError } from "../errors.ts";
import { parseJobId } from "../job-id.ts";
import type { Finish } from "../store.ts";
import type { HeldRun } from "./beat.ts";
import type { Connection } from "./connection.ts";
import { finishJob } from "./finish.ts";
import { RunCounts } from "./run-counts.ts";
import { markSuspect } from "./suspects.ts";
import { takeBack } from "./workers.ts";

export interface HungWorker {
  readonly workerId: string;
  /** Its runs that are past their time. */
  readonly overdue: readonly HeldRun[];
  /** Asked under the write lock: a main thread that has come back to life keeps its process. */
  readonly isSilent: () => boolean;
  readonly nowMs: number;
}

/**
 * Takes everything from a worker whose process is about to be killed. Runs past their time have timed out; the next
 * attempt waits as the default backoff says, for the type's own is a function of the main thread, and a job without an
 * attempt left is buried by whoever claims it next, where its hook is. The others are handed back and charged nothing.
 *
 * All of them run alone the next time, with no crash counted. Who blocks the thread cannot be seen: it may be a run
 * within its time that needs the CPU for minutes, and among others it would be cut short by each one's timeout again.
 *
 * A completion that commits before this does stands; one that comes after is refused by its token.
 * @returns how many runs were handed back; null if the worker is to live
 */
export function endHungRuns(connection: Connection, worker: HungWorker): number | null {
  const { workerId, overdue, isSilent, nowMs } = worker;
  const counts = new RunCounts();
  connection.run("BEGIN IMMEDIATE");
  try {
    if (!isSilent()) {
      connection.run("ROLLBACK");
      return null;
    }
    for (const run of overdue) timeOut(connection, counts, run, nowMs);
    const handedBack = takeBack(connection, counts, workerId, true, nowMs);
    counts.flush(connection);
    connection.run("COMMIT");
    return handedBack;
  } catch (error) {
    if (connection.database.inTransaction) connection.run("ROLLBACK");
    throw error;
  }
}

function timeOut(connection: Connection, counts: RunCounts, run: HeldRun, nowMs: number): void {
  // Nothing is enqueued here, so there is no order of creation to keep.
  const { status } = finishJob(connection, counts, timedOut(run), { nowMs, createdAtMs: nowMs });
  const seq = parseJobId(run.id)?.seq;
  if (status === "scheduled" && seq !== undefined) markSuspect(connection, seq, nowMs);
}

function timedOut(run: HeldRun): Finish {
  // Claimed only to be buried, so no handler ran: it goes to whoever claims it next.
  if (run.attempts >= run.maxAttempts)
    return { job: run, verdict: { verb: "handBack" }, followUps: [], effects: [] };
  const error = new AttemptTimeoutError(
    "The run took longer than its type allows, and its worker answered nothing",
  );
  const delayMs = linear().boundMs(run.attempts + 1);
  const verdict = { verb: "retry", delayMs, error: describeError(error), timedOut: true } as const;
  return { job: run, verdict, followUps: [], effects: [] };
}
