import type { RetentionPolicy } from "@holdfast/queue-core";

const DAY_MS = 24 * 60 * 60_000;

/** How long what has ended is kept, but for types that say so themselves; dead letters wait for somebody. */
export const RETENTION: RetentionPolicy = { keepMs: 7 * DAY_MS };
