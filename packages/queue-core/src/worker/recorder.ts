import type { FinishOutcome } from "../store.ts";
import type { ExecutedRun } from "./before-handler.ts";
import { type RecordOptions, recordAfter, recordFinish, recordTogether } from "./record-finish.ts";
import type { Run } from "./run.ts";

export interface RecorderOptions extends Omit<RecordOptions, "run"> {
  /** How a run ended is written, or null: it could not be. */
  readonly onRecorded: (run: Run, outcome: FinishOutcome | null) => void;
  readonly onBroken: (run: Run, error: unknown) => void;
  /** Its first try failed, and others follow. */
  readonly onDelay: (run: Run) => void;
}

interface Ended {
  readonly run: Run;
  readonly executed: ExecutedRun;
}

/** Writes how the runs of a worker ended: those of one turn of the event loop in one call. */
export class Recorder {
  readonly #options: RecorderOptions;
  #waiting: Ended[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Writes it with those that end in the same turn; sooner if `flush` is called. */
  add(run: Run, executed: ExecutedRun): void {
    // Once all promises of this turn have settled.
    if (this.#waiting.length === 0) process.nextTick(() => this.flush());
    this.#waiting.push({ run, executed });
  }

  /** Writes it by itself. */
  record(run: Run, executed: ExecutedRun): void {
    this.tell(run, recordFinish(executed, { ...this.#options, run }));
  }

  /** Hands what waits to the store. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const together = this.#waiting;
    this.#waiting = [];
    void this.#recordAll(together);
  }

  /** Passes on how a run is recorded, once it is. */
  tell(run: Run, recorded: Promise<FinishOutcome | null>): void {
    const { onRecorded, onBroken } = this.#options;
    recorded.then(
      (outcome) => onRecorded(run, outcome),
      (error: unknown) => onBroken(run, error),
    );
  }

  async #recordAll(together: readonly Ended[]): Promise<void> {
    const ends = together.map(({ executed }) => executed);
    const outcomes = await recordTogether(ends, this.#options);
    together.forEach(({ run, executed }, i) => {
      const outcome = outcomes[i] ?? null;
      if (outcome && "error" in outcome) {
        this.#options.onDelay(run);
        this.tell(run, recordAfter(outcome.error, executed, { ...this.#options, run }));
      } else {
        this.#options.onRecorded(run, outcome);
      }
    });
  }
}
