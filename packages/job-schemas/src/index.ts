import { cleanupCompletedJobs } from "./jobs/cleanup-completed-jobs.ts";
import { dailySalesReport } from "./jobs/daily-sales-report.ts";
import { generateInvoice } from "./jobs/generate-invoice.ts";
import { notifyWarehouse } from "./jobs/notify-warehouse.ts";
import { processOrder } from "./jobs/process-order.ts";
import { reconcilePayments } from "./jobs/reconcile-payments.ts";
import { sendFollowupEmail } from "./jobs/send-followup-email.ts";
import { sendOrderConfirmation } from "./jobs/send-order-confirmation.ts";
import { sendWebhook } from "./jobs/send-webhook.ts";
import { syncInventory } from "./jobs/sync-inventory.ts";

export { limits } from "./limits.ts";
export { orderJobKey } from "./order-job-key.ts";

/** Every job type of the shop: give it to `createQueue`. */
export const jobs = [
  sendOrderConfirmation,
  generateInvoice,
  syncInventory,
  notifyWarehouse,
  sendFollowupEmail,
  processOrder,
  sendWebhook,
  dailySalesReport,
  cleanupCompletedJobs,
  reconcilePayments,
] as const;
