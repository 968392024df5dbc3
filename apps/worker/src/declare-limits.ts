import { limits } from "@holdfast/job-schemas";
import type { ShopQueue } from "@holdfast/services";
import type { Logger } from "pino";

/**
 * Declares how fast the shop's jobs may start. Any worker may do this at any time: what an operator set or lifted is
 * left alone.
 */
export async function declareLimits(queue: ShopQueue, log: Logger): Promise<void> {
  const { kept, lifted } = await queue.syncLimits(limits);
  for (const limit of lifted) log.warn({ limit }, "limit is no longer in the code, lifted");
  for (const limit of kept) log.info({ limit }, "limit was set by an operator, left as it is");
}
