import { jobs } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import { createShop } from "@holdfast/services";
import { createPaymentGateway } from "@holdfast/services/payment";
import {
  apiVariables,
  createLogger,
  keyringOf,
  listenAddress,
  onShutdown,
  openShopStore,
  paymentVariables,
  readEnvironment,
  secretsIn,
  serverVariables,
  startApp,
  startHttpServer,
  storeVariables,
  webhookVariables,
} from "@holdfast/services/process";
import { webhookPolicy } from "@holdfast/services/webhooks";
import { createApiApp } from "./api-app.ts";

/** Longer than a charge may take, so that a stopping process still answers the customers it is charging. */
const DRAIN_MS = 15_000;

await startApp(async () => {
  const shape = {
    ...storeVariables,
    ...serverVariables,
    ...apiVariables,
    ...paymentVariables,
    ...webhookVariables,
  };
  const environment = readEnvironment(shape);
  const log = createLogger({
    name: "api",
    level: environment.LOG_LEVEL,
    secrets: secretsIn(shape, environment),
  });

  const store = await openShopStore(environment, { log });
  const queue = createQueue({ store, jobs, ...keyringOf(environment) });
  const payments = createPaymentGateway(environment, store);
  let stopping = false;
  const app = createApiApp({
    shop: createShop({ store, queue, payments, log }),
    webhookPolicy: webhookPolicy(environment),
    apiKeys: environment.API_KEYS,
    ratePerMinute: environment.API_RATE_PER_MINUTE,
    databasePath: environment.DATABASE_URL,
    isStopping: () => stopping,
  });
  const { fetch } = app;
  const server = await startHttpServer({
    fetch,
    port: environment.API_PORT,
    hostname: listenAddress(environment),
    log,
    drainMs: DRAIN_MS,
  });
  onShutdown(log, async () => {
    stopping = true;
    await server.close();
    await store.close();
  });
  log.info({ url: server.url }, "api listening");
});
