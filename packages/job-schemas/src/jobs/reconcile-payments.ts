import { defineJob, fixed, PRIORITY } from "@holdfast/queue-core/define";
import { z } from "zod";

/** Asks the payment gateway how the charges ended whose outcome the shop does not know. */
export const reconcilePayments = defineJob("reconcile_payments", {
  payload: z.object({}),
  priority: PRIORITY.HIGH,
  // Its schedule runs it again each minute anyway, so it does not try for longer than that.
  retry: { attempts: 2, backoff: fixed({ delayMs: 20_000 }) },
  timeoutMs: 120_000,
  // One a minute, and nearly all of them found nothing to do.
  retention: { completedMs: 86_400_000, cancelledMs: 86_400_000 },
});
