import { defineJob, linear, PRIORITY } from "@holdfast/queue-core/define";
import { z } from "zod";

/** Deletes completed and cancelled jobs that are past their retention. */
export const cleanupCompletedJobs = defineJob("cleanup_completed_jobs", {
  payload: z.object({}),
  priority: PRIORITY.LOW,
  retry: { attempts: 3, backoff: linear() },
  timeoutMs: 1_800_000,
});
