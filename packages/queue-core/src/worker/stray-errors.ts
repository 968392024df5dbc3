import { AsyncLocalStorage } from "node:async_hooks";

// A handler may leave a promise behind that nobody handles, or throw in a callback of a timer, an emitter, a socket.
// Node ends the process for either, and with it every other job that runs here. Both still carry the asynchronous
// context of the run that caused them: that run pays alone. Why the process may go on: docs/decisions/0006.

/** What a run left behind: a rejection that nobody handled, or an exception that nobody caught. */
export type Stray = "rejection" | "exception";

export type OnStray = (stray: Stray, reason: unknown) => void;

const runs = new AsyncLocalStorage<OnStray>();
let workers = 0;

/**
 * Runs a handler so that what nobody catches, in whatever it started, is told to `onStray`. Within work that has the
 * same `onStray` it costs nothing: to enter a context takes as long as checking a small payload.
 */
export function catchStrays<T>(onStray: OnStray, work: () => T): T {
  return runs.getStore() === onStray ? work() : runs.run(onStray, work);
}

/**
 * In a listener for `unhandledRejection` or `uncaughtException`: whether the error comes from a job's handler and a
 * worker of this process has dealt with it. Listeners that end the process leave such an error alone.
 */
export function isStrayOfJob(): boolean {
  return workers > 0 && runs.getStore() !== undefined;
}

/** Told of stray errors from now on; call what it returns when the worker has stopped. */
export function listenForStrays(): () => void {
  if (workers === 0) {
    process.on("unhandledRejection", onUnhandledRejection);
    process.on("uncaughtException", onUncaughtException);
  }
  workers += 1;
  let listening = true;
  return () => {
    if (!listening) return;
    listening = false;
    workers -= 1;
    if (workers === 0) stopListening();
  };
}

function stopListening(): void {
  process.off("unhandledRejection", onUnhandledRejection);
  process.off("uncaughtException", onUncaughtException);
}

function onUnhandledRejection(reason: unknown): void {
  const onStray = runs.getStore();
  if (onStray) onStray("rejection", reason);
  // Not from a handler. Where nobody else listens, what Node does by itself: an uncaught exception.
  else if (process.listenerCount("unhandledRejection") === 1) throw reason;
}

function onUncaughtException(error: unknown): void {
  const onStray = runs.getStore();
  if (onStray) {
    onStray("exception", error);
    return;
  }
  if (process.listenerCount("uncaughtException") > 1) return;
  // Not from a handler, and nobody else listens: thrown again with no listener left, Node reports it and ends the
  // process as if we had not been there.
  stopListening();
  process.nextTick(() => {
    throw error;
  });
}
