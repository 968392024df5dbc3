import type { JobLimit } from "@holdfast/queue-core/define";

const MINUTE_MS = 60_000;

/**
 * How fast the shop's jobs may start, over all workers, by the name that their definitions give: both kinds of mail
 * share one. An operator may set others at run time; a deploy leaves those alone.
 */
export const limits = {
  email: { rate: { limit: 120, periodMs: MINUTE_MS } },
  webhook: { rate: { limit: 30, periodMs: MINUTE_MS } },
  inventory: { rate: { limit: 60, periodMs: MINUTE_MS } },
} as const satisfies Readonly<Record<string, JobLimit>>;
