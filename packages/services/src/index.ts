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
