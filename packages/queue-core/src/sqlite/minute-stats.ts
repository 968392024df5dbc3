import { HISTORY_MINUTES, LONGEST_STEP_MINUTES, type MinuteRange, type MinuteStat } from "../history.ts";
import { addHistogram } from "../latency-histogram.ts";
import type { Connection } from "./connection.ts";
import { NOT_COUNTED_IN } from "./not-counted-in.ts";

/** What happened to the jobs of a type in a minute. */
export interface MinuteCount {
  /** Minutes since 1970 UTC. */
  readonly minute: number;
  readonly type: string;
  enqueued: number;
  /** Runs that ended, by how. */
  completed: number;
  failed: number;
  timed_out: number;
  /** How long all of them took together, in milliseconds. */
  runMs: number;
  /** How long jobs that were claimed had waited since they were due. */
  readonly waits: number[];
  /** How long runs that ended took. */
  readonly runs: number[];
}

export const NO_RUNS = { enqueued: 0, completed: 0, failed: 0, timed_out: 0, runMs: 0 };

/** So far ahead a clock may be for a moment and what is looked back on is still there when it is right again: a day. */
const CLOCK_AHEAD_MINUTES = 24 * 60;
/** The first step that is looked back on may have begun before. */
const KEEP_MINUTES = HISTORY_MINUTES + LONGEST_STEP_MINUTES + CLOCK_AHEAD_MINUTES;

/** Adds to what the minute has. SQL cannot add lists, so its histograms are put together here, under the write lock. */
export function addMinute(connection: Connection, count: MinuteCount): void {
  const { minute, type, waits, runs } = count;
  const known = connection.get<{ waits: string; runs: string }>(
    "SELECT waits, runs FROM minute_stat WHERE minute = ? AND type = ?",
    minute,
    type,
  );
  connection.run(
    `INSERT INTO minute_stat (minute, type, enqueued, completed, failed, timed_out, run_ms, waits, runs)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET enqueued = enqueued + excluded.enqueued, completed = completed + excluded.completed,
       failed = failed + excluded.failed, timed_out = timed_out + excluded.timed_out,
       run_ms = run_ms + excluded.run_ms, waits = excluded.waits, runs = excluded.runs`,
    minute,
    type,
    count.enqueued,
    count.completed,
    count.failed,
    count.timed_out,
    Math.round(count.runMs),
    together(known?.waits, waits),
    together(known?.runs, runs),
  );
  // The first of its minute makes room: what is kept stays bounded where nobody prunes.
  if (!known) connection.run("DELETE FROM minute_stat WHERE minute <= ?", minute - KEEP_MINUTES);
}

function together(known: string | undefined, added: readonly number[]): string {
  if (known === undefined || known === "[]") return JSON.stringify(added);
  if (added.length === 0) return known;
  const sum = readHistogram(known);
  addHistogram(sum, added);
  return JSON.stringify(sum);
}

/** Our own text. */
function readHistogram(text: string): number[] {
  return JSON.parse(text) as number[];
}

interface MinuteRow extends Omit<MinuteStat, "waits" | "runs"> {
  readonly waits: string;
  readonly runs: string;
}

/** Minute by minute, type by type; with what has been added since jobs were last counted in. */
export function readMinutes(connection: Connection, { first, last, type }: MinuteRange): MinuteStat[] {
  const ofType = type === undefined ? "" : "AND type = ?";
  const values = type === undefined ? [first, last] : [first, last, type];
  return connection
    .all<MinuteRow>(
      `SELECT minute, enqueued, completed, failed, timed_out AS timedOut, waits, runs
       FROM minute_stat WHERE minute BETWEEN ? AND ? ${ofType}
       UNION ALL SELECT created_at / 60000, count(*), 0, 0, 0, '[]', '[]' ${NOT_COUNTED_IN}
         AND created_at / 60000 BETWEEN ? AND ? ${ofType} GROUP BY 1`,
      ...values,
      ...values,
    )
    .map((row) => ({ ...row, waits: readHistogram(row.waits), runs: readHistogram(row.runs) }));
}
