import { StoreBusyError, StoreUnavailableError } from "../errors.ts";
import type { Finish, FinishOutcome } from "../store.ts";
import { assertOutsideTransaction } from "./transaction-scope.ts";
import type { WriteWork } from "./writer.ts";

/** Runs that one caller ends, and who is told what became of each. */
interface Waiting {
  readonly finishes: readonly Finish[];
  readonly resolve: (outcomes: readonly FinishOutcome[]) => void;
}

export interface FinishQueueOptions {
  readonly write: <T>(work: WriteWork<T>) => Promise<T>;
  readonly finish: (
    connection: Parameters<WriteWork<unknown>>[0],
    finishes: readonly Finish[],
  ) => FinishOutcome[];
}

/**
 * Gathers runs that end in the same turn of the event loop, so that they are recorded together: a hundred at once cost
 * little more than ten.
 */
export class FinishQueue {
  readonly #options: FinishQueueOptions;
  #waiting: Waiting[] = [];
  #unanswered = 0;
  #idle: PromiseWithResolvers<void> | null = null;

  constructor(options: FinishQueueOptions) {
    this.#options = options;
  }

  /** Whether runs have ended that are not recorded yet. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * @returns what became of each; one that could not be written has its error
   * @throws {TransactionMissingError} inside a transaction callback
   */
  add(finishes: readonly Finish[]): Promise<readonly FinishOutcome[]> {
    return new Promise<readonly FinishOutcome[]>((resolve) => {
      // Here and not when it is written: that is done in the name of whoever came first.
      assertOutsideTransaction();
      // Once all promises of this turn have settled: what ended with this run has been added by then. And one tick
      // later, so that a worker that has heard of it can carry it along with its next claim.
      if (this.#waiting.length === 0) process.nextTick(() => process.nextTick(() => void this.#flush()));
      this.#waiting.push({ finishes, resolve });
      this.#unanswered += 1;
    });
  }

  /** Resolves when every finish has been answered. */
  async idle(): Promise<void> {
    if (this.#unanswered === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  /**
   * Records what waits in a transaction that is made anyway, before that does its own work: a worker that claims for
   * the slots its runs have left does both in one commit. If it fails, each is on its own again.
   */
  async carry<T>(work: WriteWork<T>): Promise<T> {
    const together = this.#takeWaiting();
    if (together.length === 0) return this.#options.write(work);
    const finishes = together.flatMap((waiting) => waiting.finishes);
    try {
      const { outcomes, value } = await this.#options.write((connection) => ({
        outcomes: this.#options.finish(connection, finishes),
        value: work(connection),
      }));
      answer(together, outcomes);
      return value;
    } catch (error) {
      answer(together, await this.#recoverFrom(error, finishes));
      if (isLostTogether(error)) throw error;
      return await this.#options.write(work);
    } finally {
      this.#forget(together.length);
    }
  }

  #takeWaiting(): readonly Waiting[] {
    const together = this.#waiting;
    this.#waiting = [];
    return together;
  }

  async #flush(): Promise<void> {
    const together = this.#takeWaiting();
    if (together.length === 0) return;
    const finishes = together.flatMap((waiting) => waiting.finishes);
    try {
      answer(together, await this.#record(finishes));
    } catch (error) {
      answer(together, await this.#recoverFrom(error, finishes));
    } finally {
      this.#forget(together.length);
    }
  }

  /** Nothing of any was written. One run's error must not fail its neighbours: each by itself. */
  async #recoverFrom(error: unknown, finishes: readonly Finish[]): Promise<readonly FinishOutcome[]> {
    if (isLostTogether(error)) return finishes.map(() => failed(error));
    const outcomes: FinishOutcome[] = [];
    for (const finish of finishes)
      outcomes.push(...(await this.#record([finish]).catch((own: unknown) => [failed(own)])));
    return outcomes;
  }

  #record(finishes: readonly Finish[]): Promise<readonly FinishOutcome[]> {
    return this.#options.write((connection) => this.#options.finish(connection, finishes));
  }

  #forget(answered: number): void {
    this.#unanswered -= answered;
    if (this.#unanswered > 0) return;
    this.#idle?.resolve();
    this.#idle = null;
  }
}

function answer(together: readonly Waiting[], outcomes: readonly FinishOutcome[]): void {
  let next = 0;
  for (const { finishes, resolve } of together) resolve(outcomes.slice(next, (next += finishes.length)));
}

function failed(error: unknown): FinishOutcome {
  return { accepted: false, status: null, error };
}

function isLostTogether(error: unknown): boolean {
  return error instanceof StoreBusyError || error instanceof StoreUnavailableError;
}
