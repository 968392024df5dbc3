import { StoreBusyError, StoreUnavailableError } from "../errors.ts";
import type { Finish, FinishOutcome } from "../store.ts";
import { assertOutsideTransaction } from "./transaction-scope.ts";
import type { WriteWork } from "./writer.ts";

interface Waiting {
  readonly finish: Finish;
  readonly resolve: (outcome: FinishOutcome) => void;
  readonly reject: (error: unknown) => void;
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
  readonly #unanswered = new Set<Promise<FinishOutcome>>();

  constructor(options: FinishQueueOptions) {
    this.#options = options;
  }

  /** @throws {TransactionMissingError} inside a transaction callback */
  add(finish: Finish): Promise<FinishOutcome> {
    const answer = new Promise<FinishOutcome>((resolve, reject) => {
      // Here and not when it is written: that is done in the name of whoever came first.
      assertOutsideTransaction();
      // Once all promises of this turn have settled: what ended with this run has been added by then.
      if (this.#waiting.length === 0) process.nextTick(() => void this.#flush());
      this.#waiting.push({ finish, resolve, reject });
    });
    this.#unanswered.add(answer);
    const forget = (): boolean => this.#unanswered.delete(answer);
    answer.then(forget, forget);
    return answer;
  }

  /** Resolves when every finish has been answered. */
  async idle(): Promise<void> {
    while (this.#unanswered.size > 0) await Promise.allSettled(this.#unanswered);
  }

  async #flush(): Promise<void> {
    const together = this.#waiting;
    this.#waiting = [];
    try {
      await this.#record(together);
    } catch (error) {
      const lostTogether = error instanceof StoreBusyError || error instanceof StoreUnavailableError;
      if (lostTogether || together.length === 1) for (const { reject } of together) reject(error);
      // One run's error must not fail its neighbours, and nothing of any was written: each by itself.
      else for (const one of together) await this.#record([one]).catch(one.reject);
    }
  }

  async #record(together: readonly Waiting[]): Promise<void> {
    const finishes = together.map(({ finish }) => finish);
    const outcomes = await this.#options.write((connection) => this.#options.finish(connection, finishes));
    together.forEach(({ resolve }, i) => resolve(outcomes[i] as FinishOutcome));
  }
}
