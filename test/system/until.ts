import { setTimeout as sleep } from "node:timers/promises";

const LOOK_EVERY_MS = 50;

/**
 * Looks again until there is something; for what other processes do, which send no signal here.
 * @param look returns undefined, null or false while it is not there yet
 * @param what named in the error if it never comes
 * @param withinMs an upper bound for a very busy machine, not a claim about speed
 */
export async function until<Value>(
  look: () => Promise<Value | undefined | null | false> | Value | undefined | null | false,
  what: string | (() => string),
  withinMs = 60_000,
): Promise<Value> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > deadline) {
      throw new Error(`Not within ${withinMs} ms: ${typeof what === "string" ? what : what()}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
