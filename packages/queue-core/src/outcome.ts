import { OptionInvalidError } from "./errors.ts";
import { shown } from "./known-options.ts";
import { clampDelay } from "./retry-policy.ts";

/** What a handler may return instead of a plain result. */
export type HandlerOutcome = Snooze | Cancel;

interface Snooze {
  readonly [outcome]: "snooze";
  readonly delayMs: number;
}

interface Cancel {
  readonly [outcome]: "cancel";
}

const outcome: unique symbol = Symbol("holdfast.outcome");

/** The least a snooze waits, so that a handler cannot spin on its own job. */
const MIN_SNOOZE_MS = 100;

/**
 * Run this job again later; no attempt is spent.
 * @param delayMs milliseconds to wait; less than 100 becomes 100 (a time that has just passed), more than a year a year
 * @throws {OptionInvalidError} if it is no number: a header that was not there would run the job ten times a second
 */
export function snooze(delayMs: number): HandlerOutcome {
  if (typeof delayMs !== "number" || Number.isNaN(delayMs))
    throw new OptionInvalidError(`snooze takes a number of milliseconds, got ${shown(delayMs)}`);
  return { [outcome]: "snooze", delayMs: Math.max(MIN_SNOOZE_MS, clampDelay(delayMs)) };
}

/** End this job as `cancelled`: there is nothing left to do for it. */
export function cancel(): HandlerOutcome {
  return { [outcome]: "cancel" };
}

/** What a returned value means: one of the outcomes above, or the result of a completed job. */
export function readOutcome(
  value: unknown,
): { kind: "complete"; result: unknown } | { kind: "snooze"; delayMs: number } | { kind: "cancel" } {
  if (typeof value === "object" && value !== null && outcome in value) {
    const returned = value as HandlerOutcome;
    return returned[outcome] === "snooze"
      ? { kind: "snooze", delayMs: returned.delayMs }
      : { kind: "cancel" };
  }
  return { kind: "complete", result: value };
}
