import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { isBusy, toStoreError } from "./sqlite-error.ts";

const RETRY_MS = 5;

/**
 * Takes a step that needs a database to be free, again and again until it is.
 * @throws {StoreBusyError} if it is not by the deadline
 */
export async function untilFree<Result>(
  step: () => Result,
  clock: Clock,
  deadlineMs: number,
): Promise<Result> {
  const deadline = clock.monotonic() + deadlineMs;
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error) || clock.monotonic() >= deadline) throw toStoreError(error);
    }
    await sleep(RETRY_MS);
  }
}
