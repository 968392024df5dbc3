import type { ClaimedJob } from "../job.ts";
import { addDurations } from "../latency-histogram.ts";
import type { Connection } from "./connection.ts";
import { addMinute, type MinuteCount, NO_RUNS } from "./minute-stats.ts";

/** Rows of `finished`. */
export type FinishedStatus = "completed" | "cancelled";
type RunOutcome = "completed" | "failed" | "timed_out";

/**
 * What is counted beside them: jobs there are in `any` state, of those that have been counted in; jobs in some states;
 * dead letters that nobody has looked at.
 */
type CountedState = "any" | "scheduled" | "waiting" | "failed" | "unreviewed";

interface Count<State> {
  readonly type: string;
  readonly state: State;
  count: number;
}

/**
 * What a transaction adds to the kept counters: gathered in memory and written once, just before the commit, so that
 * a group of a hundred completions costs two counter rows and not two hundred.
 */
export class RunCounts {
  readonly #minutes = new Map<string, MinuteCount>();
  readonly #finished = new Map<string, Count<FinishedStatus>>();
  readonly #states = new Map<string, Count<CountedState>>();

  /** A run that ended. */
  addRun(type: string, outcome: RunOutcome, finishedAtMs: number, runMs: number): void {
    this.addRuns(type, outcome, finishedAtMs, runMs, 1);
  }

  /**
   * Runs of one type that ended alike in the same instant and had begun together.
   * @param runMs how long each of them took, in milliseconds; negative where the clock was set back
   */
  addRuns(type: string, outcome: RunOutcome, finishedAtMs: number, runMs: number, runs: number): void {
    const count = this.#minuteOf(type, finishedAtMs);
    count[outcome] += runs;
    count.runMs += Math.max(0, runMs) * runs;
    addDurations(count.runs, runMs, runs);
  }

  /** Jobs that were claimed: how long they have been due. */
  addWaits(claimed: readonly Pick<ClaimedJob, "type" | "scheduledAt">[], nowMs: number): void {
    let count: MinuteCount | undefined;
    for (const { type, scheduledAt } of claimed) {
      if (count?.type !== type) count = this.#minuteOf(type, nowMs);
      addDurations(count.waits, nowMs - scheduledAt.getTime(), 1);
    }
  }

  /** Jobs that were added in a minute. */
  addEnqueued(type: string, minute: number, jobs: number): void {
    this.#minuteOf(type, minute * 60_000).enqueued += jobs;
  }

  /** Rows added to (or, negative, taken from) `finished`. */
  addFinished(type: string, status: FinishedStatus, count: number): void {
    add(this.#finished, type, status, count);
  }

  /** Jobs that came into (or, negative, left) a state. */
  addState(type: string, state: CountedState, count: number): void {
    add(this.#states, type, state, count);
  }

  /** @returns a function that forgets what is gathered from here on */
  mark(): () => void {
    const minutes = [...this.#minutes].map(([key, count]) => [key, copy(count)] as const);
    const finished = [...this.#finished].map(([key, entry]) => [key, { ...entry }] as const);
    const states = [...this.#states].map(([key, entry]) => [key, { ...entry }] as const);
    return () => {
      this.clear();
      for (const [key, count] of minutes) this.#minutes.set(key, count);
      for (const [key, entry] of finished) this.#finished.set(key, entry);
      for (const [key, entry] of states) this.#states.set(key, entry);
    };
  }

  /** Forgets what a transaction that did not commit had gathered. */
  clear(): void {
    this.#minutes.clear();
    this.#finished.clear();
    this.#states.clear();
  }

  /** Writes what was gathered. */
  flush(connection: Connection): void {
    // The latest last, as the first of a new minute forgets old ones.
    const minutes = [...this.#minutes.values()];
    for (const count of minutes.length > 1 ? minutes.sort((a, b) => a.minute - b.minute) : minutes)
      addMinute(connection, count);
    for (const { type, state, count } of this.#finished.values())
      connection.run(
        `INSERT INTO finished_count (type, status, count) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET count = count + excluded.count`,
        type,
        state,
        count,
      );
    for (const { type, state, count } of this.#states.values())
      if (count !== 0)
        connection.run(
          `INSERT INTO job_count (type, state, count) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET count = count + excluded.count`,
          type,
          state,
          count,
        );
    this.clear();
  }

  #minuteOf(type: string, atMs: number): MinuteCount {
    const minute = Math.floor(atMs / 60_000);
    const key = `${minute} ${type}`;
    let count = this.#minutes.get(key);
    if (!count) {
      count = { minute, type, ...NO_RUNS, waits: [], runs: [] };
      this.#minutes.set(key, count);
    }
    return count;
  }
}

function add<State extends string>(
  counts: Map<string, Count<State>>,
  type: string,
  state: State,
  count: number,
): void {
  const key = `${state} ${type}`;
  const entry = counts.get(key);
  if (entry) entry.count += count;
  else counts.set(key, { type, state, count });
}

function copy(count: MinuteCount): MinuteCount {
  return { ...count, waits: [...count.waits], runs: [...count.runs] };
}
