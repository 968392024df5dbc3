import type { Clock } from "../clock.ts";
import type { Reader } from "./reader.ts";
import type { RunCounts } from "./run-counts.ts";
import { forgetIdle, hasForgotten, LeaseObserver, proveWritable, rescueFrom } from "./workers.ts";
import type { Writer } from "./writer.ts";

export interface RescuerOptions {
  readonly reader: Reader;
  readonly writer: Writer;
  readonly counts: RunCounts;
  readonly clock: Clock;
}

/** Takes jobs back from workers that have fallen silent. */
export class Rescuer {
  readonly #options: RescuerOptions;
  readonly #observer: LeaseObserver;

  constructor(options: RescuerOptions) {
    this.#options = options;
    this.#observer = new LeaseObserver(options.clock);
  }

  /** Looks once; returns how many jobs were handed back. */
  async rescue(): Promise<number> {
    const { reader, writer, counts, clock } = this.#options;
    const { silent, isAnyOverdue } = await reader.read((connection) => this.#observer.look(connection));
    let rescued = 0;
    for (const worker of silent) {
      rescued += await writer.write("normal", (connection) =>
        rescueFrom(connection, counts, worker, clock.now()),
      );
    }
    if (isAnyOverdue) await writer.write("normal", proveWritable);
    this.#observer.couldWrite();
    if (await reader.read((connection) => hasForgotten(connection, clock.now()))) {
      await writer.write("normal", (connection) => forgetIdle(connection, clock.now()));
    }
    return rescued;
  }
}
