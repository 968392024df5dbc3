import { defineJob, exponential, PRIORITY } from "@holdfast/queue-core/define";
import { orderPayload } from "../order-payload.ts";

/** Writes the order's invoice as a PDF file. */
export const generateInvoice = defineJob("generate_invoice", {
  payload: orderPayload,
  priority: PRIORITY.NORMAL,
  retry: { attempts: 5, backoff: exponential({ firstMs: 2_000, maxMs: 600_000 }) },
  timeoutMs: 60_000,
});
