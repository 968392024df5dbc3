import { Worker } from "node:worker_threads";
import type { Heartbeat, HeartbeatOptions } from "../store.ts";
import type { HeartbeatCommand, HeartbeatData, HeartbeatMessage } from "./heartbeat-thread.ts";

/** An idle worker shows itself this often, in milliseconds; nothing depends on it but the list of workers. */
const PRESENCE_MS = 15_000;

/** A thread that has died is replaced after this long, in milliseconds: soon enough for a lease, too seldom to spin. */
const RESPAWN_MS = 250;

/** Starts the heartbeat of a worker. */
export function startHeartbeat(path: string, options: HeartbeatOptions): Heartbeat {
  return new ThreadHeartbeat(path, options);
}

/** Keeps a thread that beats: a worker without one would lose every job that outlasts its lease. */
class ThreadHeartbeat implements Heartbeat {
  readonly #data: HeartbeatData;
  readonly #options: HeartbeatOptions;
  #holding = false;
  #stopping = false;
  #respawn: NodeJS.Timeout | undefined;
  #exited: Promise<void> = Promise.resolve();
  #thread: Worker;

  constructor(path: string, options: HeartbeatOptions) {
    const { workerId, leaseMs, lines, timeoutsMs } = options;
    this.#data = { path, workerId, leaseMs, lines, timeoutsMs, presenceMs: PRESENCE_MS };
    this.#options = options;
    this.#thread = this.#spawn();
  }

  hold(holding: boolean): void {
    // A handler that was left behind may end after the stop; the thread must not take up the beat again.
    if (this.#stopping) return;
    this.#holding = holding;
    this.#send({ kind: "hold", holding });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#respawn);
    this.#send({ kind: "stop" });
    await this.#exited;
  }

  #send(command: HeartbeatCommand): void {
    this.#thread.postMessage(command);
  }

  #spawn(): Worker {
    const { workerId, onBeat, onError } = this.#options;
    // The thread's file ends like this one, so it is found in `src` and in `dist`.
    const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
    const url = new URL(`./heartbeat-thread${ending}`, import.meta.url);
    const thread = new Worker(url, { workerData: this.#data });
    thread.on("message", (message: HeartbeatMessage) => {
      if (message.kind === "beat") {
        this.#send({ kind: "alive" });
        onBeat(message.held, message.newestToken);
      }
      // Anything else is not ours: under `node --watch` Node reports a thread's imports through the same port.
      if (message.kind === "error") onError(new Error(`Heartbeat of ${workerId}: ${message.message}`));
    });
    thread.on("error", onError);
    const exited = Promise.withResolvers<void>();
    this.#exited = exited.promise;
    thread.once("exit", () => {
      exited.resolve();
      if (!this.#stopping) this.#spawnLater();
    });
    return thread;
  }

  #spawnLater(): void {
    const { workerId, onError } = this.#options;
    onError(new Error(`The heartbeat thread of ${workerId} has ended; another one is started`));
    this.#respawn = setTimeout(() => {
      this.#thread = this.#spawn();
      this.#send({ kind: "hold", holding: this.#holding });
    }, RESPAWN_MS);
  }
}
