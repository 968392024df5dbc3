import type { JobStore } from "../store.ts";

/**
 * How long an idle worker may sleep, in milliseconds: until the next job is due or let through, but no longer than its
 * poll, as clocks are set and others schedule jobs meanwhile.
 */
export async function untilNextLook(
  store: Pick<JobStore, "untilNextDue">,
  lines: readonly string[],
  pollMs: number,
): Promise<number> {
  try {
    return Math.min(pollMs, Math.max(1, (await store.untilNextDue(lines)) ?? pollMs));
  } catch {
    // The claim that comes next meets the same fault, and says so.
    return pollMs;
  }
}
