/** Stands for jobs that were moved in a list, without a look at their types. */
export const ANY_TYPE = "";

/** What a transaction has made claimable, by line: for whom a bell is rung once it has committed. */
export class MadeClaimable {
  readonly #counts = new Map<string, number>();

  add(line: string, count: number): void {
    if (count > 0) this.#counts.set(line, (this.#counts.get(line) ?? 0) + count);
  }

  /** Tells what there is, and forgets it. */
  take(): ReadonlyMap<string, number> {
    if (this.#counts.size === 0) return NOTHING;
    const taken = new Map(this.#counts);
    this.#counts.clear();
    return taken;
  }

  clear(): void {
    this.#counts.clear();
  }
}

const NOTHING: ReadonlyMap<string, number> = new Map();
