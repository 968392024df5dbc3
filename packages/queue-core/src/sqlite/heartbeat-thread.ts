import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import type { HeldJob } from "../store.ts";
import { beat, heldBy, newestLease } from "./beat.ts";
import { Connection } from "./connection.ts";
import { isBusy } from "./sqlite-error.ts";
import { prepareConnection } from "./start-up-gate.ts";

// Runs in a thread of its own, with its own connection: a handler that blocks the main thread cannot stop the beat.

export interface HeartbeatData {
  readonly path: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly presenceMs: number;
}

export type HeartbeatMessage =
  | { readonly kind: "beat"; readonly held: readonly HeldJob[]; readonly newestToken: number }
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

let opened: Connection | null = null;
let timer: NodeJS.Timeout | undefined;
let holding = false;

function tick(): void {
  let nextMs = intervalMs();
  try {
    send({ kind: "beat", ...beatOnce(connect()) });
  } catch (error) {
    if (opened?.database.inTransaction) opened.run("ROLLBACK");
    if (isBusy(error)) nextMs = RETRY_MS;
    else send({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  }
  schedule(nextMs);
}

/** Opening can meet a locked database just as a beat can, so it is part of the beat that is tried again. */
function connect(): Connection {
  if (opened) return opened;
  const connection = new Connection(path);
  try {
    prepareConnection(connection, "NORMAL");
  } catch (error) {
    connection.close();
    throw error;
  }
  opened = connection;
  return connection;
}

function beatOnce(connection: Connection): { held: readonly HeldJob[]; newestToken: number } {
  connection.run("BEGIN IMMEDIATE");
  beat(connection, { id: workerId, leaseMs }, systemClock.now());
  const held = heldBy(connection, workerId);
  const newestToken = newestLease(connection);
  connection.run("COMMIT");
  return { held, newestToken };
}

function intervalMs(): number {
  return holding ? leaseMs / BEATS_PER_LEASE : presenceMs;
}

function schedule(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(tick, ms);
}

function send(message: HeartbeatMessage): void {
  port?.postMessage(message);
}

port.on("message", (command: HeartbeatCommand) => {
  if (command.kind === "stop") {
    clearTimeout(timer);
    opened?.close();
    port.close();
    return;
  }
  if (command.holding === holding) return;
  holding = command.holding;
  // No beat of its own: a worker that goes from nothing to something has just claimed, and the claim beats.
  schedule(intervalMs());
});
tick();
