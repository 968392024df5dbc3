import { AbortSwitch } from "./abort-switch.ts";
import type { Run } from "./run.ts";

/** One call of a batch handler. */
interface BatchCall {
  readonly abort: AbortSwitch;
  /** Those that have not ended. */
  readonly runs: Set<Run>;
  hasReturned: boolean;
}

/**
 * Which runs share a slot: those of one batch take one between them, until the last has ended and their handler has
 * returned. It may have said how each job ended and go on.
 */
export class BatchSlots {
  readonly #callOf = new Map<Run, BatchCall>();
  readonly #calls = new Set<BatchCall>();

  add(runs: readonly Run[]): BatchCall {
    const call = { abort: new AbortSwitch(), runs: new Set(runs), hasReturned: false };
    this.#calls.add(call);
    for (const run of runs) this.#callOf.set(run, call);
    return call;
  }

  leave(run: Run): void {
    const call = this.#callOf.get(run);
    if (!call) return;
    this.#callOf.delete(run);
    call.runs.delete(run);
    this.#free(call);
  }

  /** Its handler is not waited for any longer. */
  returned(call: BatchCall): void {
    call.hasReturned = true;
    this.#free(call);
  }

  /** Tells those handlers that have not returned not to go on. */
  abort(reason: Error): void {
    for (const { abort } of this.#calls) abort.abort(reason);
  }

  /** How many slots fewer are taken than there are runs; less than none if handlers go on whose jobs have ended. */
  get spared(): number {
    return this.#callOf.size - this.#calls.size;
  }

  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  #free(call: BatchCall): void {
    if (call.hasReturned && call.runs.size === 0) this.#calls.delete(call);
  }
}
