import type { Logger } from "pino";
import { isThenable } from "../answer-at-once.ts";
import { systemClock } from "../clock.ts";
import { AttemptTimeoutError } from "../errors.ts";
import { errorFacts } from "./error-facts.ts";
import { catchStrays, type Stray } from "./stray-errors.ts";

/** What may end a run before its handler does. */
export type CutBy = "timeout" | Stray;

export interface HandlerCall {
  readonly call: () => unknown;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Called before the call rejects, when its handler is not waited for any longer. */
  readonly onCut: (by: CutBy, reason: unknown) => void;
  readonly run: { readonly log: Logger };
}

/**
 * Calls a handler. One that returns a promise is waited for until it ends, its time is over, or an error it caused goes
 * uncaught. In the last two cases it is left behind, and what it does later is dropped, loudly.
 */
export function callHandler({ call, timeoutMs, onCut, run }: HandlerCall): unknown {
  /** There while the handler is waited for; nothing else can happen while it holds the thread. */
  let cutShort: CutShort | undefined;
  const onStray = (stray: Stray, reason: unknown): void => {
    if (cutShort) cutShort(stray, reason);
    else run.log.error(errorFacts(reason), LEFT_BEHIND[stray]);
  };
  const startedAtMs = systemClock.monotonic();
  const returned = catchStrays(onStray, () => {
    const value = call();
    return isThenable(value) ? Promise.resolve(value) : value;
  });
  if (!(returned instanceof Promise)) return returned;
  const end = Promise.withResolvers<unknown>();
  const settle = (how: () => void): void => {
    if (!cutShort) return;
    cutShort = undefined;
    clearTimeout(timer);
    how();
  };
  cutShort = (by, reason) =>
    settle(() => {
      onCut(by, reason);
      end.reject(reason);
      logWhenItEnds(returned, run.log);
    });
  // Its time began with its first line: it may have held the thread before it came to wait.
  const timer = setTimeout(
    () => cutShort?.("timeout", new AttemptTimeoutError(`The run took longer than ${timeoutMs} ms`)),
    Math.max(0, timeoutMs - (systemClock.monotonic() - startedAtMs)),
  );
  returned.then(
    (value) => settle(() => end.resolve(value)),
    (error: unknown) => settle(() => end.reject(error)),
  );
  return end.promise;
}

type CutShort = (by: CutBy, reason: unknown) => void;

const LEFT_BEHIND: Readonly<Record<Stray, string>> = {
  rejection: "a promise that the handler left behind was rejected",
  exception: "what the handler left behind threw an exception",
};

function logWhenItEnds(running: Promise<unknown>, log: Logger): void {
  running.then(
    () => log.warn("handler returned after its run had ended, result dropped"),
    (error: unknown) => log.warn(errorFacts(error), "handler failed after its run had ended"),
  );
}
