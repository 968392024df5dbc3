export { createMailer, type MailEnvironment } from "./email/create-mailer.ts";
export { MailAddressInvalidError, MailRejectedError, MailUnavailableError } from "./email/mail-errors.ts";
export type { Mailer, MailMessage, MailReceipt, SendOptions } from "./email/mailer.ts";
export { composeOrderConfirmation } from "./email/order-confirmation.ts";
export { composeOrderFollowup } from "./email/order-followup.ts";
export { composeSalesReport } from "./email/sales-report-mail.ts";
export { createInventory, type InventoryEnvironment } from "./inventory/create-inventory.ts";
export type { Inventory, Withdrawal } from "./inventory/inventory.ts";
export { InventoryRefusedError, InventoryUnavailableError } from "./inventory/inventory-errors.ts";
export { type InventoryRun, syncInventory } from "./inventory/sync-inventory.ts";
export { recordWarehouseNotice } from "./inventory/warehouse-notice.ts";
export {
  createInvoiceWriter,
  type InvoiceEnvironment,
  type InvoiceWriter,
} from "./invoice/create-invoice-writer.ts";
export { type Invoice, invoiceNumber } from "./invoice/invoice-head.ts";
export type { OrderDocument, OrderDocumentItem } from "./order-document.ts";
export { recordInvoice } from "./orders/complete-order.ts";
export type { IdempotencyKey } from "./orders/idempotency-key.ts";
export { listProducts, type ProductView } from "./orders/list-products.ts";
export {
  IdempotencyKeyBusyError,
  IdempotencyKeyReusedError,
  OrderInvalidError,
  type OrderIssue,
  OrderNotFoundError,
  PaymentUnavailableError,
  StockShortError,
} from "./orders/order-errors.ts";
export { type OrderRequest, orderRequest } from "./orders/order-request.ts";
export { type OrderJobView, type OrderView, readOrder, readOrderWithJobs } from "./orders/order-view.ts";
export { placeOrder, placeOrderLater } from "./orders/place-order.ts";
export { type ProcessRun, processOrder } from "./orders/process-order.ts";
export { readOrderDocument } from "./orders/read-order-document.ts";
export { type Reconciliation, reconcilePayments } from "./orders/reconcile-payments.ts";
export { createPaymentGateway, type PaymentEnvironment } from "./payment/create-payment-gateway.ts";
export type {
  ChargeOutcome,
  ChargeRecord,
  ChargeRequest,
  PaymentGateway,
} from "./payment/payment-gateway.ts";
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
  webhookVariables,
  workerVariables,
} from "./process/variables.ts";
export { baseFolder, findWorkspaceRoot } from "./process/workspace-root.ts";
export type { SalesReport } from "./reports/sales-report.ts";
export { type DailyReportOptions, writeDailySalesReport } from "./reports/write-sales-report.ts";
export { createShop, type Shop, type ShopQueue, type ShopStore, type ShopTransaction } from "./shop.ts";
export {
  type DeliveryStatus,
  type OrderStatus,
  type PaymentStatus,
  type ShopTables,
  shopMigrations,
} from "./shop-tables.ts";
export { type DeliveryOptions, deliverWebhook } from "./webhooks/deliver-webhook.ts";
export {
  listWebhookDeliveries,
  replayWebhookDelivery,
  type WebhookDelivery,
  type WebhookDeliveryQuery,
} from "./webhooks/delivery-log.ts";
export {
  listWebhookEndpoints,
  registerWebhookEndpoint,
  removeWebhookEndpoint,
  rotateWebhookSecret,
  type WebhookEndpoint,
  type WebhookEndpointWithSecret,
} from "./webhooks/endpoints.ts";
export {
  WebhookAddressRefusedError,
  WebhookFailedError,
  WebhookLimitError,
  WebhookNotFoundError,
  WebhookPendingError,
  WebhookUrlRefusedError,
} from "./webhooks/webhook-errors.ts";
export { type WebhookEnvironment, type WebhookPolicy, webhookPolicy } from "./webhooks/webhook-url.ts";
