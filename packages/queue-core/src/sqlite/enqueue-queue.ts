import { StoreBusyError, StoreUnavailableError } from "../errors.ts";
import type { Durability, EnqueueOutcome, NewJob } from "../store.ts";
import type { Connection } from "./connection.ts";
import { assertOutsideTransaction } from "./transaction-scope.ts";
import type { WriteOptions, WriteWork } from "./writer.ts";

interface Waiting {
  readonly jobs: readonly NewJob[];
  readonly resolve: (outcomes: readonly EnqueueOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface EnqueueQueueOptions {
  readonly write: <T>(durability: Durability, work: WriteWork<T>, options: WriteOptions) => Promise<T>;
  /** Adds jobs, all or none. */
  readonly add: (connection: Connection, jobs: readonly NewJob[]) => readonly EnqueueOutcome[];
}

/** So many jobs of several callers go together; a call that brings more goes with whoever was before it. */
const MAX_JOBS = 500;

/**
 * Gathers the jobs of callers who come together, so that they are added in lists: a hundred callers cost six statements
 * and not two hundred.
 */
export class EnqueueQueue {
  readonly #options: EnqueueQueueOptions;
  readonly #waiting: Readonly<Record<Durability, Waiting[]>> = { full: [], normal: [] };

  constructor(options: EnqueueQueueOptions) {
    this.#options = options;
  }

  /** @throws {TransactionMissingError} inside a transaction callback */
  add(jobs: readonly NewJob[], durability: Durability): Promise<readonly EnqueueOutcome[]> {
    return new Promise((resolve, reject) => {
      // Here and not when they are written: that is done in the name of whoever came first.
      assertOutsideTransaction();
      const waiting = this.#waiting[durability];
      waiting.push({ jobs, resolve, reject });
      if (waiting.length === 1) void this.#write(durability);
    });
  }

  async #write(durability: Durability): Promise<void> {
    let together: readonly Waiting[] = [];
    // Once: a group that has to be written again is the same group.
    const onTaken = (): void => {
      if (together.length === 0) together = this.#take(durability);
    };
    try {
      const add = (connection: Connection): readonly (readonly EnqueueOutcome[])[] =>
        this.#addAll(connection, together);
      const outcomes = await this.#options.write(durability, add, { onTaken });
      together.forEach(({ resolve }, i) => resolve(outcomes[i] ?? []));
    } catch (error) {
      await this.#recoverFrom(error, together, durability);
    }
  }

  /** Who comes from here on is written next. */
  #take(durability: Durability): readonly Waiting[] {
    const waiting = this.#waiting[durability];
    let jobs = 0;
    let calls = 0;
    for (const { jobs: more } of waiting) {
      if (calls > 0 && jobs + more.length > MAX_JOBS) break;
      jobs += more.length;
      calls += 1;
    }
    const taken = waiting.splice(0, calls);
    if (waiting.length > 0) void this.#write(durability);
    return taken;
  }

  #addAll(connection: Connection, together: readonly Waiting[]): readonly (readonly EnqueueOutcome[])[] {
    const { add } = this.#options;
    if (together.length === 1 || !together.every(({ jobs }) => jobs.every(standsAlone)))
      return together.map(({ jobs }) => add(connection, jobs));
    const outcomes = add(
      connection,
      together.flatMap(({ jobs }) => jobs),
    );
    let next = 0;
    return together.map(({ jobs }) => outcomes.slice(next, (next += jobs.length)));
  }

  /** Nothing of any was written. One caller's error must not fail the others: each by itself. */
  async #recoverFrom(error: unknown, together: readonly Waiting[], durability: Durability): Promise<void> {
    const isLostTogether = error instanceof StoreBusyError || error instanceof StoreUnavailableError;
    for (const { jobs, resolve, reject } of together) {
      if (isLostTogether || together.length === 1) reject(error);
      else
        await this.#options
          .write(durability, (connection) => this.#options.add(connection, jobs), {})
          .then(resolve, reject);
    }
  }
}

/** A job whose fate depends on no other: not on its parents, nor on who has its key. */
function standsAlone({ uniqueKey, dependsOn, dependsOnEarlier }: NewJob): boolean {
  return uniqueKey === null && dependsOn.length === 0 && dependsOnEarlier === undefined;
}
