import { type Clock, systemClock } from "@holdfast/queue-core";
import { createShop, type ShopQueue } from "@holdfast/services";
import { createMailer } from "@holdfast/services/email";
import { createInventory } from "@holdfast/services/inventory";
import { createInvoiceWriter } from "@holdfast/services/invoice";
import { createPaymentGateway } from "@holdfast/services/payment";
import {
  type EnvironmentOf,
  inventoryVariables,
  invoiceVariables,
  mailVariables,
  paymentVariables,
  schedulerVariables,
  simulationVariables,
  storeVariables,
  webhookVariables,
  workerVariables,
} from "@holdfast/services/process";
import { webhookPolicy } from "@holdfast/services/webhooks";
import type { Logger } from "pino";
import type { WorkerServices } from "./worker-services.ts";

/** The variables that a worker reads. */
export const workerShape = {
  ...storeVariables,
  ...workerVariables,
  ...mailVariables,
  ...invoiceVariables,
  ...paymentVariables,
  ...inventoryVariables,
  ...webhookVariables,
  ...simulationVariables,
  // The report covers the day of the zone in which the scheduler means midnight.
  SCHEDULE_TZ: schedulerVariables.SCHEDULE_TZ,
};

export type WorkerEnvironment = EnvironmentOf<typeof workerShape>;

/** Puts together what the handlers work with, real or simulated as the environment says. */
export function createServices(
  environment: WorkerEnvironment,
  queue: ShopQueue,
  log: Logger,
  clock: Clock = systemClock,
): WorkerServices {
  const { store } = queue;
  const payments = createPaymentGateway(environment, store, clock);
  return {
    shop: createShop({ store, queue, payments, log, clock }),
    mailer: createMailer(environment, log),
    invoices: createInvoiceWriter(environment),
    inventory: createInventory(environment),
    webhookPolicy: webhookPolicy(environment),
    report: { zone: environment.SCHEDULE_TZ, dataFolder: environment.DATA_DIR, to: environment.REPORT_TO },
  };
}
