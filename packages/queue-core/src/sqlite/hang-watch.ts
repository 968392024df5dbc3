import type { HeldRun } from "./beat.ts";

/** A main thread that has left this many beats unanswered, a lease long, is blocked or hung. */
const UNANSWERED_BEATS = 3;

/**
 * Finds runs that are past their time in a worker whose main thread answers nothing, so that its own timers cannot end
 * them. Time counts as for a rescuer: a beat adds one interval at most, so a process that was itself stopped finds
 * nothing overdue.
 */
export class HangWatch {
  readonly #timeoutsMs: Readonly<Record<string, number>>;
  readonly #intervalMs: number;
  #ranMs = new Map<string, number>();
  #unanswered = 0;
  #lastBeatMs: number | null = null;

  /**
   * @param timeoutsMs how long a run of each type may take
   * @param intervalMs from beat to beat
   */
  constructor(timeoutsMs: Readonly<Record<string, number>>, intervalMs: number) {
    this.#timeoutsMs = timeoutsMs;
    this.#intervalMs = intervalMs;
  }

  /** The main thread has answered a beat. */
  answer(): void {
    this.#unanswered = 0;
  }

  get isSilent(): boolean {
    return this.#unanswered >= UNANSWERED_BEATS;
  }

  /**
   * Called at each beat with what is held then.
   * @returns the runs that are past their time; none while the main thread answers
   */
  overdue(held: readonly HeldRun[], nowMs: number): readonly HeldRun[] {
    const sinceMs = this.#lastBeatMs === null ? 0 : Math.min(nowMs - this.#lastBeatMs, this.#intervalMs);
    this.#lastBeatMs = nowMs;
    // A run that has just come counts from zero: it began at some time since the last beat.
    this.#ranMs = new Map(
      held.map((run) => [keyOf(run), (this.#ranMs.get(keyOf(run)) ?? -sinceMs) + sinceMs]),
    );
    const found = this.isSilent ? held.filter((run) => this.#isPastItsTime(run)) : [];
    this.#unanswered += 1;
    return found;
  }

  #isPastItsTime(run: HeldRun): boolean {
    return (this.#ranMs.get(keyOf(run)) ?? 0) > (this.#timeoutsMs[run.type] ?? Number.POSITIVE_INFINITY);
  }
}

function keyOf(run: HeldRun): string {
  return `${run.id}:${run.leaseToken}`;
}
