import { writeSync } from "node:fs";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import type { HeldJob } from "../store.ts";
import { beatOnce, type HeldRun, toHeldJob } from "./beat.ts";
import { Connection } from "./connection.ts";
import { HangWatch } from "./hang-watch.ts";
import { isBusy, toStoreError } from "./sqlite-error.ts";
import { prepareConnection } from "./start-up-gate.ts";

// Runs in a thread of its own, with its own connection: a handler that blocks the main thread cannot stop the beat.

export interface HeartbeatData {
  readonly path: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly lines: readonly string[];
  readonly presenceMs: number;
  readonly timeoutsMs: Readonly<Record<string, number>>;
}

export type HeartbeatMessage =
  | { readonly kind: "beat"; readonly held: readonly HeldJob[]; readonly newestToken: number }
  | { readonly kind: "error"; readonly message: string };

export type HeartbeatCommand =
  | { readonly kind: "hold"; readonly holding: boolean }
  /** The main thread's answer to a beat. */
  | { readonly kind: "alive" }
  | { readonly kind: "stop" };

const { path, workerId, leaseMs, lines, presenceMs, timeoutsMs } = workerData as HeartbeatData;
if (!parentPort) throw new Error("The heartbeat runs as a worker thread");
const ownPort = parentPort;

/** After a locked database the next try comes soon: a lease has three chances, not one. */
const RETRY_MS = 5;
/** After a full disk or any other fault it comes later, as each try may cost the disk something. */
const FAULT_RETRY_MS = 250;
const BEATS_PER_LEASE = 3;

const watch = new HangWatch(timeoutsMs, leaseMs / BEATS_PER_LEASE);
let opened: Connection | null = null;
let timer: NodeJS.Timeout | undefined;
let failingSinceMs: number | null = null;
let holding = false;

function tick(): void {
  let nextMs = intervalMs();
  try {
    const connection = connect();
    const { held, newestToken } = beatOnce(connection, { id: workerId, leaseMs, lines }, systemClock.now());
    failingSinceMs = null;
    send({ kind: "beat", held: held.map(toHeldJob), newestToken });
    const overdue = watch.overdue(held, systemClock.monotonic());
    if (overdue.length > 0) void endHung(connection, overdue);
  } catch (error) {
    nextMs = Math.min(nextMs, isBusy(error) ? RETRY_MS : FAULT_RETRY_MS);
    const nowMs = systemClock.monotonic();
    failingSinceMs ??= nowMs;
    // A lock that is held for a moment is nothing to tell of; one that costs a beat is.
    if (!isBusy(error) || nowMs - failingSinceMs >= leaseMs / BEATS_PER_LEASE) {
      report(toStoreError(error));
      failingSinceMs = nowMs;
    }
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

/**
 * Ends a worker in which runs are past their time while its main thread answers nothing. Nothing but the end of the
 * process stops a handler that never returns, and its neighbours are stuck with it for as long as it lives.
 */
async function endHung(connection: Connection, overdue: readonly HeldRun[]): Promise<void> {
  let handedBack: number | null;
  try {
    // Loaded when it is needed: what finishes a job is most of the store.
    const { endHungRuns } = await import("./end-hung-runs.ts");
    handedBack = endHungRuns(connection, { workerId, overdue, isSilent, nowMs: systemClock.now() });
  } catch (error) {
    // The next beat finds the same runs.
    if (!isBusy(error)) report(error);
    return;
  }
  if (handedBack === null) return;
  const jobIds = overdue.map((run) => run.id);
  const msg =
    "worker hung: runs past their time ended as timed out, the others handed back, the process killed";
  try {
    // The log belongs to the main thread. Standard error takes a line without it.
    writeSync(2, `${JSON.stringify({ workerId, jobIds, handedBack, msg })}\n`);
  } finally {
    // Not even if nobody takes the line: by now its jobs may run elsewhere.
    process.kill(process.pid, "SIGKILL");
  }
}

/** Whether the main thread still says nothing, what it has just sent included. */
function isSilent(): boolean {
  const latest = receiveMessageOnPort(ownPort);
  if (!latest) return watch.isSilent;
  // Heard once the transaction is over: a stop closes its connection.
  queueMicrotask(() => hear(latest.message as HeartbeatCommand));
  return false;
}

function report(error: unknown): void {
  send({ kind: "error", message: error instanceof Error ? error.message : String(error) });
}

function intervalMs(): number {
  return holding ? leaseMs / BEATS_PER_LEASE : presenceMs;
}

function schedule(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(tick, ms);
}

function send(message: HeartbeatMessage): void {
  ownPort.postMessage(message);
}

function hear(command: HeartbeatCommand): void {
  if (command.kind === "stop") {
    clearTimeout(timer);
    opened?.close();
    ownPort.close();
    return;
  }
  if (command.kind === "alive") {
    watch.answer();
    return;
  }
  if (command.holding === holding) return;
  holding = command.holding;
  // No beat of its own: a worker that goes from nothing to something has just claimed, and the claim beats.
  schedule(intervalMs());
}

ownPort.on("message", hear);
tick();
