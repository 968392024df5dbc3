import type { HeldJob, JobStore } from "../store.ts";

export interface CancelWatchOptions {
  readonly store: Pick<JobStore, "cancelRequests" | "onCancelRequest">;
  readonly workerId: string;
  /** How often to look while something runs, in milliseconds. */
  readonly pollMs: number;
  /** Called with the runs that are to be cancelled, at each look as long as they run. */
  readonly onRequests: (requested: readonly HeldJob[]) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Looks for requests to cancel what a worker runs, also while all its slots are taken and while it stops. The beat
 * tells them too, but a third of a lease is long for somebody who waits for a job to end.
 */
export class CancelWatch {
  readonly #options: CancelWatchOptions;
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CancelWatchOptions) {
    this.#options = options;
    // Whoever else learns of a request sooner than the next look calls the same.
    this.#stopListening = options.store.onCancelRequest(() => void this.#look());
  }

  /** While nothing runs there is nothing to look for. */
  hold(holding: boolean): void {
    clearInterval(this.#timer);
    this.#timer = holding ? setInterval(() => void this.#look(), this.#options.pollMs) : undefined;
  }

  stop(): void {
    this.hold(false);
    this.#stopListening();
  }

  async #look(): Promise<void> {
    const { store, workerId, onRequests, onError } = this.#options;
    try {
      const requested = await store.cancelRequests(workerId);
      if (requested.length > 0) onRequests(requested);
    } catch (error) {
      onError(error);
    }
  }
}
