import { AsyncLocalStorage } from "node:async_hooks";

// A handler may leave a promise behind that nobody handles. Node ends the process for that, and with it every other job
// that runs here. The rejection still carries the asynchronous context of the run that caused it: that run pays alone.

type OnStray = (reason: unknown) => void;

const runs = new AsyncLocalStorage<OnStray>();
let workers = 0;

/** Runs a handler so that a rejection nobody handles, in whatever it started, is told to `onStray`. */
export function catchStrays<T>(onStray: OnStray, work: () => T): T {
  return runs.run(onStray, work);
}

/** Told of stray rejections from now on; call what it returns when the worker has stopped. */
export function listenForStrays(): () => void {
  if (workers === 0) process.on("unhandledRejection", onUnhandledRejection);
  workers += 1;
  let listening = true;
  return () => {
    if (!listening) return;
    listening = false;
    workers -= 1;
    if (workers === 0) process.off("unhandledRejection", onUnhandledRejection);
  };
}

function onUnhandledRejection(reason: unknown): void {
  const onStray = runs.getStore();
  if (onStray) onStray(reason);
  // Not from a handler. Where nobody else listens, what Node does by itself: an uncaught exception.
  else if (process.listenerCount("unhandledRejection") === 1) throw reason;
}
