export { createMailer, type MailEnvironment } from "./email/create-mailer.ts";
export { MailAddressInvalidError, MailRejectedError, MailUnavailableError } from "./email/mail-errors.ts";
export type { Mailer, MailMessage, MailReceipt, SendOptions } from "./email/mailer.ts";
export { composeOrderConfirmation } from "./email/order-confirmation.ts";
export { composeOrderFollowup } from "./email/order-followup.ts";
export {
  createInvoiceWriter,
  type InvoiceEnvironment,
  type InvoiceWriter,
} from "./invoice/create-invoice-writer.ts";
export { type Invoice, invoiceNumber } from "./invoice/invoice-head.ts";
export type { OrderDocument, OrderDocumentItem } from "./order-document.ts";
export { writeEnvExample } from "./process/env-example.ts";
export {
  type EnvironmentOf,
  type EnvironmentSource,
  readEnvironment,
  secretsIn,
} from "./process/environment.ts";
export { EnvironmentInvalidError } from "./process/environment-invalid-error.ts";
export { type HealthPort, type HealthPortOptions, openHealthPort } from "./process/health-port.ts";
export { answerHealth, type HealthReport, type HealthSource } from "./process/health-report.ts";
export { type HttpServer, type HttpServerOptions, startHttpServer } from "./process/http-server.ts";
export { createLogger, type LogSettings } from "./process/logger.ts";
export { openShopStore, type ShopStoreSettings } from "./process/open-shop-store.ts";
export { onShutdown, type ShutdownOptions } from "./process/shutdown.ts";
export { startApp } from "./process/start-app.ts";
export type { VariableShape } from "./process/variable.ts";
export {
  adminVariables,
  apiVariables,
  inventoryVariables,
  invoiceVariables,
  mailVariables,
  paymentVariables,
  processVariables,
  schedulerVariables,
  simulationVariables,
  storeVariables,
  workerVariables,
} from "./process/variables.ts";
export { baseFolder, findWorkspaceRoot } from "./process/workspace-root.ts";
export type { ShopQueue, ShopStore, ShopTransaction } from "./shop.ts";
export {
  type DeliveryStatus,
  type OrderStatus,
  type PaymentStatus,
  type ShopTables,
  shopMigrations,
} from "./shop-tables.ts";
