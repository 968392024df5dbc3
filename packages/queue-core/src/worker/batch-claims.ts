import type { ClaimedJob } from "../job.ts";
import type { Queue } from "../queue.ts";
import { type AnyHandler, isBatchHandler } from "./handler.ts";

interface BatchType {
  readonly type: string;
  readonly lines: readonly string[];
  readonly size: number;
  readonly lingerMs: number;
}

/** Claims the jobs of a worker's batch handlers, a batch at a time. */
export class BatchClaims {
  readonly #queue: Queue;
  readonly #lease: { readonly workerId: string; readonly leaseMs: number };
  #types: readonly BatchType[];

  constructor(
    queue: Queue,
    handlers: ReadonlyMap<string, AnyHandler>,
    lease: { readonly workerId: string; readonly leaseMs: number },
  ) {
    this.#queue = queue;
    this.#lease = lease;
    this.#types = [...handlers].flatMap(([type, handler]) => {
      if (!isBatchHandler(handler)) return [];
      const { size, lingerMs = 0 } = handler.batch;
      return [{ type, lines: queue.linesOf([type]), size, lingerMs }];
    });
  }

  /** At most one batch of each type and so many in all. */
  async claim(slots: number): Promise<readonly (readonly ClaimedJob[])[]> {
    const batches: (readonly ClaimedJob[])[] = [];
    for (const { type, size, lingerMs } of this.#types) {
      if (batches.length >= slots) break;
      const request = { ...this.#lease, types: [type], limit: size, lingerMs };
      try {
        const claimed = await this.#queue.claim(request);
        if (claimed.length > 0) batches.push(claimed);
      } catch (error) {
        if (batches.length === 0) throw error;
        // What was claimed before is to run; the claim that comes next meets the same fault, and says so.
        break;
      }
    }
    const [first, ...rest] = this.#types;
    // The next round begins with another one: with few slots none is always too late.
    if (first) this.#types = [...rest, first];
    return batches;
  }

  /** How long until the next batch is to be run, in milliseconds; null if there is none. */
  async untilNext(): Promise<number | null> {
    let soonest: number | null = null;
    for (const { lines, size, lingerMs } of this.#types) {
      const untilMs = await this.#queue.store.untilGathered({ lines, size, lingerMs });
      if (untilMs !== null) soonest = Math.min(untilMs, soonest ?? untilMs);
    }
    return soonest;
  }
}
