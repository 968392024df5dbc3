import { OptionInvalidError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import type { UnreadJobs } from "./stats.ts";

/** From where on a number is an issue. */
export interface HealthLimits {
  /** Pending jobs; those of paused types do not count, here and below. */
  readonly pending: number;
  /** Age of the oldest pending job, in milliseconds. */
  readonly oldestPendingMs: number;
  /** Age of the oldest pending job that no worker there is can read, in milliseconds: a deploy takes a while. */
  readonly unreadMs: number;
  /** Dead letters nobody has looked at. */
  readonly unreviewed: number;
}

export const DEFAULT_HEALTH_LIMITS: HealthLimits = {
  pending: 1_000,
  oldestPendingMs: 30 * 60_000,
  unreadMs: 60_000,
  unreviewed: 10,
};

const LIMIT_NAMES: OptionNames<HealthLimits> = {
  pending: true,
  oldestPendingMs: true,
  unreadMs: true,
  unreviewed: true,
};

export interface QueueHealth {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly issues: readonly string[];
}

/** What the health is judged by. */
export interface HealthFacts {
  readonly pending: number;
  /** Since when the longest-waiting pending job could have run. */
  readonly oldestPending: Date | null;
  /** Pending jobs that no worker there is can read, by type, payload version and key. */
  readonly unread: readonly Omit<UnreadJobs, "count">[];
  readonly unreviewed: number;
}

/**
 * Judges the queue: no issue is healthy, one or two degraded, more unhealthy.
 * @param nowMs the time the facts were taken, in milliseconds since 1970 UTC
 * @param limits from where on a number is an issue
 * @throws {OptionInvalidError} if a limit is no number, or there is none of this name: nothing would ever be beyond it
 */
export function judgeHealth(
  { pending, oldestPending, unread, unreviewed }: HealthFacts,
  nowMs: number,
  limits = DEFAULT_HEALTH_LIMITS,
): QueueHealth {
  const problem = unknownOption(limits, LIMIT_NAMES);
  if (problem !== null) throw new OptionInvalidError(`Of health's limits ${problem}`);
  for (const [name, limit] of Object.entries(limits)) {
    if (typeof limit === "number" && limit >= 0) continue;
    throw new OptionInvalidError(`The limit ${name} of health must be a number from 0, got ${shown(limit)}`);
  }
  const ageMs = oldestPending ? nowMs - oldestPending.getTime() : 0;
  const issues: string[] = [];
  if (pending > limits.pending) issues.push(`more than ${limits.pending} jobs are pending`);
  if (ageMs > limits.oldestPendingMs) {
    issues.push(
      `the oldest pending job has waited ${minutes(ageMs)} min (more than ${minutes(limits.oldestPendingMs)} min)`,
    );
  }
  const stuck = unread.filter(({ since }) => nowMs - since.getTime() > limits.unreadMs);
  if (stuck.length > 0) {
    const what = stuck.map(({ type, payloadVersion, keyId }) => {
      const key = keyId === null ? "" : `, key ${keyId}`;
      return `${type} (payload version ${payloadVersion}${key})`;
    });
    issues.push(`pending jobs wait for a worker that can read them: ${what.join(", ")}`);
  }
  if (unreviewed > limits.unreviewed) {
    issues.push(`more than ${limits.unreviewed} dead letters are unreviewed`);
  }
  return { status: issues.length === 0 ? "healthy" : issues.length < 3 ? "degraded" : "unhealthy", issues };
}

function minutes(ms: number): number {
  return Math.floor(ms / 60_000);
}
