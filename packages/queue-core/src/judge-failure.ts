import { answerAtOnce } from "./answer-at-once.ts";
import { linear } from "./backoff.ts";
import type { CatalogIndex } from "./catalog.ts";
import type { DeadJob, FollowUp, RetryPolicy } from "./define-job.ts";
import { describeError } from "./error-text.ts";
import { NonRetryableError, OptionInvalidError } from "./errors.ts";
import { buildFollowUps } from "./new-job.ts";
import { clampDelay, decideFailure } from "./retry-policy.ts";
import type { Burial, Verdict } from "./store.ts";
import type { OnStray } from "./worker/stray-errors.ts";

// What becomes of a job that failed is asked of code of the application's: `backoff`, `shouldRetry`, `onDead`. Where
// that code throws itself, the job's own failure must be recorded all the same, with what it threw beside it.

/** Told when code of the application's throws while it is asked about a failure. */
export type OnFault = (what: string, cause: unknown) => void;

export interface FailedAttempt {
  /** Number of the run that failed, from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly error: unknown;
  readonly timedOut: boolean;
}

/** Decides what a failed run means for its job. Throws for nothing that an error, a backoff or a predicate does. */
export function judgeFailure(
  { attempt, maxAttempts, error, timedOut }: FailedAttempt,
  retry: RetryPolicy,
  random: () => number,
  onFault: OnFault,
): Verdict {
  let text = describeError(error);
  const ask = <Answer, Read>(
    name: string,
    question: () => Answer,
    read: (answer: Answer) => Read,
    otherwise: Read,
  ): Read => {
    try {
      // Read here, for it may be nothing of what it should be: that a BigInt cannot be rounded is its fault, too.
      return read(answerAtOnce(question, leftBehind(name, onFault)));
    } catch (cause) {
      onFault(`the type's ${name} threw, the default is used`, cause);
      text = `${text}\nIts type's ${name} threw: ${describeError(cause)}`;
      return otherwise;
    }
  };
  const { backoff, shouldRetry } = retry;
  const isLetThrough = (answer: boolean | undefined): boolean => answer !== false;
  const retryable =
    !isNonRetryable(error) && ask("shouldRetry", () => shouldRetry?.(error), isLetThrough, true);
  const delayMs = (failures: number): number =>
    ask("backoff", () => backoff.delayMs(failures, random), clampDelay, linear().boundMs(failures));
  const decision = decideFailure({ attempt, maxAttempts, retryable }, delayMs);
  return decision.kind === "retry"
    ? { verb: "retry", delayMs: decision.delayMs, error: text, timedOut }
    : { verb: "bury", reason: decision.reason, error: text, timedOut };
}

function leftBehind(name: string, onFault: OnFault): OnStray {
  return (_, reason) => onFault(`what the type's ${name} left behind failed`, reason);
}

/** `instanceof` runs code of a proxy: what cannot bear to be asked is an error like any other. */
function isNonRetryable(error: unknown): boolean {
  try {
    return error instanceof NonRetryableError;
  } catch {
    return false;
  }
}

/**
 * What is written when a job is given up: a job must not stay alive because its own obituary fails, so where the hook
 * throws it is buried without follow-ups, and says so.
 */
export function buildBurial(catalog: CatalogIndex, dead: DeadJob, onFault: OnFault): Burial {
  try {
    const ask = (): readonly FollowUp[] | undefined => catalog.get(dead.type)?.onDead?.(dead);
    const asked = answerAtOnce(ask, leftBehind("onDead hook", onFault)) ?? [];
    const followUps = buildFollowUps(catalog, dead.workflowId, asked);
    // No type lets them through. The store would refuse them once the job is dead, and so the death: a job that cannot
    // die runs for ever, and one that has expired stops every claim that meets it.
    if (followUps.some(({ dependsOn, runAtMs }) => dependsOn.length > 0 || runAtMs !== undefined))
      throw new OptionInvalidError("a job of an onDead hook takes neither dependsOn nor runAt");
    return { error: dead.error, followUps };
  } catch (cause) {
    onFault("the onDead hook failed, the jobs it asks for are not added", cause);
    return { error: `${dead.error}\nIts onDead hook failed too: ${describeError(cause)}`, followUps: [] };
  }
}
