import { Worker } from "node:worker_threads";
import type { Heartbeat, HeartbeatOptions } from "../store.ts";
import type { HeartbeatCommand, HeartbeatData, HeartbeatMessage } from "./heartbeat-thread.ts";

/** An idle worker shows itself this often, in milliseconds; nothing depends on it but the list of workers. */
const PRESENCE_MS = 15_000;

/** Starts a worker's heartbeat thread; its file ends like this one, so it is found in `src` and in `dist`. */
export function startHeartbeat(path: string, options: HeartbeatOptions): Heartbeat {
  const { workerId, leaseMs, onBeat, onError } = options;
  const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const data: HeartbeatData = { path, workerId, leaseMs, presenceMs: PRESENCE_MS };
  const thread = new Worker(new URL(`./heartbeat-thread${ending}`, import.meta.url), { workerData: data });
  const exited = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  thread.on("message", (message: HeartbeatMessage) => {
    if (message.kind === "error") onError(new Error(`Heartbeat of ${workerId}: ${message.message}`));
    // The threads of a process share one clock but count from their own start; back to this thread's scale.
    else onBeat(message.held, message.askedAtMs - performance.timeOrigin);
  });
  thread.on("error", onError);
  const send = (command: HeartbeatCommand): void => thread.postMessage(command);
  return {
    hold: (holding) => send({ kind: "hold", holding }),
    async stop() {
      send({ kind: "stop" });
      await exited;
    },
  };
}
