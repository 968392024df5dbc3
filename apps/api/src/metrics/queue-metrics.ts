import type { QueueStats } from "@holdfast/queue-core";
import type { Metric } from "./exposition.ts";

/**
 * The queue in numbers, for a scraper.
 * @param nowMs when the statistics were taken, in milliseconds since 1970 UTC
 */
export function queueMetrics(
  { queue, deadLetterQueue, byType, unread }: QueueStats,
  nowMs: number,
): readonly Metric[] {
  const waitMs = queue.oldestPending === null ? 0 : Math.max(0, nowMs - queue.oldestPending.getTime());
  return [
    {
      name: "holdfast_jobs",
      help: "Jobs by type and status; failed ones are dead letters.",
      type: "gauge",
      samples: byType.map(({ type, status, count }) => ({ labels: { type, status }, value: count })),
    },
    gauge(
      "holdfast_oldest_pending_seconds",
      "How long the job that waits longest could have run.",
      waitMs / 1_000,
    ),
    {
      name: "holdfast_unread_jobs",
      help: "Pending jobs that no worker there can read, by type, payload version and key.",
      type: "gauge",
      samples: unread.map(({ type, payloadVersion, keyId, count }) => ({
        labels: { type, version: String(payloadVersion), key: keyId ?? "" },
        value: count,
      })),
    },
    gauge(
      "holdfast_dead_letters_unreviewed",
      "Dead letters nobody has looked at.",
      deadLetterQueue.unreviewed,
    ),
    gauge(
      "holdfast_runs_per_minute",
      "Runs that ended, per minute, over five minutes.",
      queue.processingRatePerMinute,
    ),
    {
      name: "holdfast_run_failure_ratio",
      help: "Share of the last hour's runs that failed; absent if there was none.",
      type: "gauge",
      samples: queue.failureRate === null ? [] : [{ value: queue.failureRate }],
    },
  ];
}

/** A metric of a single series. */
export function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: "gauge", samples: [{ value }] };
}
