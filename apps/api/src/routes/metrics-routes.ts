import { stat } from "node:fs/promises";
import { route } from "@hectoday/http";
import type { Shop } from "@holdfast/services";
import { writeMetrics } from "../metrics/exposition.ts";
import { gauge, queueMetrics } from "../metrics/queue-metrics.ts";
import type { RequestMeter } from "../metrics/request-meter.ts";

/**
 * Numbers for a scraper that speaks Prometheus.
 * @param databasePath only its write-ahead log's size is asked for; nothing but SQLite may open either file
 */
export function metricsRoutes(
  { queue, clock }: Pick<Shop, "queue" | "clock">,
  meter: RequestMeter,
  databasePath: string,
) {
  return [
    route.get("/metrics", {
      resolve: async () => {
        const metrics = [
          ...queueMetrics(await queue.stats(), clock.now()),
          ...meter.metrics(),
          gauge(
            "holdfast_wal_bytes",
            "Size of the database's write-ahead log.",
            await sizeOf(`${databasePath}-wal`),
          ),
          gauge("process_resident_memory_bytes", "Memory of this process.", process.memoryUsage.rss()),
        ];
        return new Response(writeMetrics(metrics), {
          headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
        });
      },
    }),
  ];
}

/** SQLite removes an empty log when the last connection closes. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}
