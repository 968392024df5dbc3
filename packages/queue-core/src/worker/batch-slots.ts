import type { Run } from "./run.ts";

/** Which runs share a slot: those of one batch take one between them until the last has ended. */
export class BatchSlots {
  readonly #batchOf = new Map<Run, Set<Run>>();
  readonly #batches = new Set<Set<Run>>();

  add(runs: readonly Run[]): void {
    const batch = new Set(runs);
    this.#batches.add(batch);
    for (const run of runs) this.#batchOf.set(run, batch);
  }

  leave(run: Run): void {
    const batch = this.#batchOf.get(run);
    if (!batch) return;
    this.#batchOf.delete(run);
    batch.delete(run);
    if (batch.size === 0) this.#batches.delete(batch);
  }

  /** How many slots fewer are taken than there are runs. */
  get spared(): number {
    return this.#batchOf.size - this.#batches.size;
  }
}
