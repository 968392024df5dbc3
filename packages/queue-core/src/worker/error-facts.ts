import { describeError } from "../error-text.ts";

/** A log line carries at most so many characters of a stack: a message of megabytes is in its stack too. */
const MAX_STACK_LENGTH = 8_192;

/** What a log line says about what was thrown, read without trusting it: a logger's own serializer runs getters. */
export function errorFacts(thrown: unknown): { readonly error: string; readonly stack?: string } {
  const error = describeError(thrown);
  const stack = readStack(thrown);
  return stack === undefined ? { error } : { error, stack: stack.slice(0, MAX_STACK_LENGTH) };
}

function readStack(thrown: unknown): string | undefined {
  try {
    if (!(thrown instanceof Error)) return undefined;
    return typeof thrown.stack === "string" ? thrown.stack : undefined;
  } catch {
    // Its accessors throw; `error` says so.
    return undefined;
  }
}
