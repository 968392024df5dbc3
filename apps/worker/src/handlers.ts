import type { jobs } from "@holdfast/job-schemas";
import type { JobHandlers } from "@holdfast/queue-core";
import type { ShopTables } from "@holdfast/services";
import { withFinalErrors } from "./final-errors.ts";
import type { Handler, ShopJobType } from "./handler.ts";
import { cleanupCompletedJobs } from "./handlers/cleanup-completed-jobs.ts";
import { dailySalesReport } from "./handlers/daily-sales-report.ts";
import { generateInvoice } from "./handlers/generate-invoice.ts";
import { notifyWarehouse } from "./handlers/notify-warehouse.ts";
import { processOrder } from "./handlers/process-order.ts";
import { reconcilePayments } from "./handlers/reconcile-payments.ts";
import { sendFollowupEmail } from "./handlers/send-followup-email.ts";
import { sendOrderConfirmation } from "./handlers/send-order-confirmation.ts";
import { sendWebhook } from "./handlers/send-webhook.ts";
import { syncInventory } from "./handlers/sync-inventory.ts";
import type { WorkerServices } from "./worker-services.ts";

type HandlerFactories = { readonly [Type in ShopJobType]: (services: WorkerServices) => Handler<Type> };

// A type of the catalog without a handler does not compile.
const FACTORIES: HandlerFactories = {
  send_order_confirmation: sendOrderConfirmation,
  generate_invoice: generateInvoice,
  sync_inventory: syncInventory,
  notify_warehouse: notifyWarehouse,
  send_followup_email: sendFollowupEmail,
  process_order: processOrder,
  send_webhook: sendWebhook,
  daily_sales_report: dailySalesReport,
  cleanup_completed_jobs: cleanupCompletedJobs,
  reconcile_payments: reconcilePayments,
};

/** The job types that have a handler; the record's type says that its keys are just these. */
export const HANDLED_TYPES = Object.keys(FACTORIES) as readonly ShopJobType[];

/** One handler per job type of the shop. */
export function createHandlers(services: WorkerServices): JobHandlers<typeof jobs, ShopTables> {
  const make = <Type extends ShopJobType>(type: Type): Handler<Type> =>
    withFinalErrors(FACTORIES[type](services));
  // Object.fromEntries forgets which name belongs to which handler; `make` has just paired them.
  return Object.fromEntries(HANDLED_TYPES.map((type) => [type, make(type)])) as JobHandlers<
    typeof jobs,
    ShopTables
  >;
}
