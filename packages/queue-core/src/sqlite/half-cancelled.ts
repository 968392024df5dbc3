import type { Clock } from "../clock.ts";
import type { Reader } from "./reader.ts";
import type { RunCounts } from "./run-counts.ts";
import { cancelChunk, nextHalfCancelled } from "./workflows.ts";
import type { Writer } from "./writer.ts";

export interface HalfCancelledOptions {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly counts: RunCounts;
  readonly clock: Clock;
  /** Told when jobs were cancelled: some may run here. */
  readonly onCancelled: () => void;
}

/** So long a round stays with it, in milliseconds: a worker that rescues claims nothing meanwhile. */
const ROUND_MS = 50;

/** Goes on with the cancelling of workflows that a process began and did not end, as it died or is at it. */
export class HalfCancelled {
  readonly #options: HalfCancelledOptions;
  #rest: Promise<void> | null = null;
  #isClosing = false;

  constructor(options: HalfCancelledOptions) {
    this.#options = options;
  }

  /** What takes longer than a round is cancelled behind the caller's back, beside what else is written. */
  async goOn(): Promise<void> {
    if (this.#rest) return;
    const { clock } = this.#options;
    const untilMs = clock.monotonic() + ROUND_MS;
    if (await this.#cancel(() => clock.monotonic() < untilMs)) return;
    // What fails here is met again by the next round, which tells its caller.
    const ended = (): void => {
      this.#rest = null;
    };
    this.#rest ??= this.#cancel(() => !this.#isClosing).then(ended, ended);
  }

  /** Resolves once nothing more is written; what is left is for others. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#rest;
  }

  /** @returns whether nothing is left */
  async #cancel(goesOn: () => boolean): Promise<boolean> {
    const { reader, writer, counts, clock, onCancelled } = this.#options;
    let isAny = false;
    try {
      while (await reader.read(nextHalfCancelled)) {
        if (!goesOn()) return false;
        // Looked up again under the lock: where several processes are at it, each takes the chunk that comes next.
        await writer.write("full", (connection) => {
          const half = nextHalfCancelled(connection);
          if (half) cancelChunk(connection, counts, half.id, half.after, clock.now());
        });
        isAny = true;
      }
      return true;
    } finally {
      if (isAny) onCancelled();
    }
  }
}
