import { catchStrays, type OnStray } from "./worker/stray-errors.ts";

/** What was left behind is nobody's to tell: its job goes by the answer. */
const IGNORED = (): void => undefined;

/**
 * Asks code of the application's something that it has to answer at once. A promise is no answer, though it can be
 * taken for one: it is an object without fields, it is true, and as a number it is none. Nor is a worker to end for
 * what it comes to, or for what else that code leaves behind: whoever takes the job next would ask the same.
 * @param onStray told of what it leaves behind, but for the promise
 * @throws {TypeError} if it answers with a promise
 */
export function answerAtOnce<Answer>(ask: () => Answer, onStray: OnStray = IGNORED): Answer {
  const answer = catchStrays(onStray, ask);
  if (!isThenable(answer)) return answer;
  Promise.resolve(answer).catch(() => undefined);
  throw new TypeError("it returned a promise, and it has to answer at once");
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
