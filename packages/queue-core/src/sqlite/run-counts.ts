import type { Connection } from "./connection.ts";

type FinishedStatus = "completed" | "cancelled";
type RunOutcome = "completed" | "failed" | "timed_out";

interface MinuteCount {
  minute: number;
  type: string;
  completed: number;
  failed: number;
  timed_out: number;
  runMs: number;
}

/**
 * What a transaction adds to the kept counters: gathered in memory and written once, just before the commit, so that
 * a group of a hundred completions costs two counter rows and not two hundred.
 */
export class RunCounts {
  readonly #minutes = new Map<string, MinuteCount>();
  readonly #finished = new Map<string, { type: string; status: FinishedStatus; count: number }>();

  /** A run that ended. */
  addRun(type: string, outcome: RunOutcome, finishedAtMs: number, runMs: number): void {
    this.addRuns(type, outcome, finishedAtMs, Math.max(0, runMs), 1);
  }

  /**
   * Runs of one type that ended alike in the same instant.
   * @param runMs how long all of them together took, in milliseconds; negative where the clock was set back
   */
  addRuns(type: string, outcome: RunOutcome, finishedAtMs: number, runMs: number, runs: number): void {
    const minute = Math.floor(finishedAtMs / 60_000);
    const key = `${minute} ${type}`;
    const count = this.#minutes.get(key) ?? { minute, type, completed: 0, failed: 0, timed_out: 0, runMs: 0 };
    count[outcome] += runs;
    count.runMs += Math.max(0, runMs);
    this.#minutes.set(key, count);
  }

  /** Rows added to (or, negative, taken from) `finished`. */
  addFinished(type: string, status: FinishedStatus, count: number): void {
    const key = `${status} ${type}`;
    const entry = this.#finished.get(key) ?? { type, status, count: 0 };
    entry.count += count;
    this.#finished.set(key, entry);
  }

  /** @returns a function that forgets what is gathered from here on */
  mark(): () => void {
    const minutes = [...this.#minutes].map(([key, count]) => [key, { ...count }] as const);
    const finished = [...this.#finished].map(([key, entry]) => [key, { ...entry }] as const);
    return () => {
      this.clear();
      for (const [key, count] of minutes) this.#minutes.set(key, count);
      for (const [key, entry] of finished) this.#finished.set(key, entry);
    };
  }

  /** Forgets what a transaction that did not commit had gathered. */
  clear(): void {
    this.#minutes.clear();
    this.#finished.clear();
  }

  /** Writes what was gathered. */
  flush(connection: Connection): void {
    for (const { minute, type, completed, failed, timed_out, runMs } of this.#minutes.values()) {
      connection.run(
        `INSERT INTO minute_stat (minute, type, completed, failed, timed_out, run_ms) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET completed = completed + excluded.completed, failed = failed + excluded.failed,
           timed_out = timed_out + excluded.timed_out, run_ms = run_ms + excluded.run_ms`,
        minute,
        type,
        completed,
        failed,
        timed_out,
        Math.round(runMs),
      );
    }
    for (const { type, status, count } of this.#finished.values()) {
      connection.run(
        `INSERT INTO finished_count (type, status, count) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET count = count + excluded.count`,
        type,
        status,
        count,
      );
    }
    this.clear();
  }
}
