import type { Clock } from "../clock.ts";
import { beatOnce, toHeldJob } from "../sqlite/beat.ts";
import type { Connection } from "../sqlite/connection.ts";
import type { Heartbeat, HeartbeatOptions } from "../store.ts";

const BEATS_PER_LEASE = 3;

/**
 * The heartbeat of a worker on a database in memory, which no other thread can see. It ends no hung runs: a handler
 * that blocks this thread blocks its heartbeat too.
 */
export class InProcessHeartbeat implements Heartbeat {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #options: HeartbeatOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Connection, clock: Clock, options: HeartbeatOptions) {
    this.#connection = connection;
    this.#clock = clock;
    this.#options = options;
    // As with a thread, the first beat comes after the worker has got hold of this heartbeat.
    this.#timer = setTimeout(() => this.#beat(), 0);
  }

  /** A worker that holds nothing has no lease to keep, and in one process nobody else asks who is there. */
  hold(holding: boolean): void {
    clearTimeout(this.#timer);
    const { leaseMs } = this.#options;
    if (holding) this.#timer = setInterval(() => this.#beat(), leaseMs / BEATS_PER_LEASE);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
  }

  #beat(): void {
    const { workerId, leaseMs, lines, onBeat, onError } = this.#options;
    try {
      const { held, newestToken } = beatOnce(
        this.#connection,
        { id: workerId, leaseMs, lines },
        this.#clock.now(),
      );
      onBeat(held.map(toHeldJob), newestToken);
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
