import type { RetentionPolicy } from "@holdfast/queue-core";

const DAY_MS = 24 * 60 * 60_000;

/** How long completed and cancelled jobs are kept. */
export const RETENTION: RetentionPolicy = {
  keepMs: 7 * DAY_MS,
  keepMsByType: {
    // One a minute, and nearly all of them found nothing to do.
    reconcile_payments: DAY_MS,
  },
};
