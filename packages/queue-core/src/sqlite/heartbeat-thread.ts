import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import type { HeldJob } from "../store.ts";
import { Connection } from "./connection.ts";
import { isBusy } from "./sqlite-error.ts";
import { prepareConnection } from "./start-up-gate.ts";
import { beat, heldBy } from "./workers.ts";

// Runs in a thread of its own, with its own connection: a handler that blocks the main thread cannot stop the beat.

export interface HeartbeatData {
  readonly path: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly presenceMs: number;
}

export type HeartbeatMessage =
  | { readonly kind: "beat"; readonly held: readonly HeldJob[]; readonly askedAtMs: number }
  | { readonly kind: "error"; readonly message: string };

export type HeartbeatCommand =
  | { readonly kind: "hold"; readonly holding: boolean }
  | { readonly kind: "stop" };

const { path, workerId, leaseMs, presenceMs } = workerData as HeartbeatData;
const port = parentPort;
if (!port) throw new Error("The heartbeat runs as a worker thread");

/** After a locked database the next try comes soon: a lease has three chances, not one. */
const RETRY_MS = 5;
const BEATS_PER_LEASE = 3;

const connection = new Connection(path);
prepareConnection(connection, "NORMAL");
let timer: NodeJS.Timeout | undefined;
let holding = false;

function tick(): void {
  let nextMs = holding ? leaseMs / BEATS_PER_LEASE : presenceMs;
  try {
    connection.run("BEGIN IMMEDIATE");
    const askedAtMs = systemClock.monotonic() + performance.timeOrigin;
    beat(connection, { id: workerId, leaseMs }, systemClock.now());
    const held = heldBy(connection, workerId);
    connection.run("COMMIT");
    send({ kind: "beat", held, askedAtMs });
  } catch (error) {
    if (connection.database.inTransaction) connection.run("ROLLBACK");
    if (isBusy(error)) nextMs = RETRY_MS;
    else send({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  }
  timer = setTimeout(tick, nextMs);
}

function send(message: HeartbeatMessage): void {
  port?.postMessage(message);
}

port.on("message", (command: HeartbeatCommand) => {
  clearTimeout(timer);
  if (command.kind === "stop") {
    connection.close();
    port.close();
    return;
  }
  holding = command.holding;
  tick();
});
tick();
