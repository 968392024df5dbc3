import { z } from "zod";

/**
 * The payload of every step of an order. It names the order only: what changes (address, items) is read from the
 * order when the job runs, so that a job retried a day later does not act on a stale copy.
 */
export const orderPayload = z.object({
  orderId: z.string().min(1).max(64),
  userId: z.string().min(1).max(128),
});
