import type { Handler } from "../handler.ts";
import { RETENTION } from "../retention.ts";
import type { WorkerServices } from "../worker-services.ts";

/** Deletes completed and cancelled jobs that are past their retention. */
export function cleanupCompletedJobs({ shop }: WorkerServices): Handler<"cleanup_completed_jobs"> {
  return async () => ({ deleted: await shop.queue.prune(RETENTION) });
}
