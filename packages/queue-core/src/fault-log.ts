import type { Logger } from "pino";
import { errorFacts } from "./worker/error-facts.ts";

/**
 * Tells of faults that last, such as a full disk: once when they begin, again when the error changes, and once when
 * they are over. Told at every try, an hour of them would fill what is left of the disk.
 */
export class FaultLog {
  readonly #log: Logger;
  readonly #faults = new Map<string, string>();

  /** @param log where the lines go */
  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Something failed that will be tried again.
   * @param doing what failed, e.g. `claiming`: the subject of both lines
   * @param error what it failed with; the same text as the last time is not told again
   */
  failed(doing: string, error: unknown): void {
    const facts = errorFacts(error);
    if (this.#faults.get(doing) === facts.error) return;
    this.#faults.set(doing, facts.error);
    this.#log.error(facts, `${doing} failed, will try again`);
  }

  /**
   * Something went through.
   * @param doing as given to `failed`
   */
  works(doing: string): void {
    if (this.#faults.delete(doing)) this.#log.info(`${doing} works again`);
  }
}
