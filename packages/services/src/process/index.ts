export { writeEnvExample } from "./env-example.ts";
export { type EnvironmentOf, readEnvironment, secretsIn } from "./environment.ts";
export { EnvironmentInvalidError } from "./environment-invalid-error.ts";
export { type FieldIssue, failure, noteAnswer, unexpectedFailure } from "./failure.ts";
export { openHealthPort } from "./health-port.ts";
export { answerHealth } from "./health-report.ts";
export { startHttpServer } from "./http-server.ts";
export { keyringOf } from "./keyring.ts";
export { listenAddress } from "./listen-address.ts";
export { createLogger } from "./logger.ts";
export { openShopStore } from "./open-shop-store.ts";
export { RequestInvalidError, validInput } from "./request-input.ts";
export { onShutdown } from "./shutdown.ts";
export { startApp } from "./start-app.ts";
export {
  adminVariables,
  apiVariables,
  inventoryVariables,
  invoiceVariables,
  mailVariables,
  paymentVariables,
  processVariables,
  schedulerVariables,
  serverVariables,
  simulationVariables,
  storeVariables,
  webhookVariables,
  workerVariables,
} from "./variables.ts";
