import { setTimeout as sleep } from "node:timers/promises";

/** Far longer than anything takes on a busy machine: reached only by what will never be. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 2;

/**
 * Waits until a condition holds.
 * @param what the condition in words, for the error
 * @param look returns what is waited for, or something falsy while it is not there
 * @param patienceMs far longer than it takes on a busy machine, in milliseconds
 * @throws {Error} if it still does not hold then
 */
export async function until<Found>(
  what: string,
  look: () => Found | Promise<Found>,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<Exclude<Found, false>>> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    // Falsy values are waited over, so none is returned.
    if (found) return found as NonNullable<Exclude<Found, false>>;
    if (performance.now() > deadline) throw new Error(`Waited ${patienceMs} ms in vain until ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}
