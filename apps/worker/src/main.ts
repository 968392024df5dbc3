import { jobs } from "@holdfast/job-schemas";
import { createQueue, createWorker } from "@holdfast/queue-core";
import {
  createLogger,
  onShutdown,
  openHealthPort,
  openShopStore,
  readEnvironment,
  secretsIn,
  startApp,
} from "@holdfast/services/process";
import { createServices, workerShape } from "./create-services.ts";
import { createHandlers } from "./handlers.ts";
import { selectJobTypes } from "./job-types.ts";

await startApp(async () => {
  const environment = readEnvironment(workerShape);
  const types = selectJobTypes(environment.WORKER_TYPES);
  const log = createLogger({
    name: "worker",
    level: environment.LOG_LEVEL,
    secrets: secretsIn(workerShape, environment),
  });

  const store = await openShopStore(environment);
  const queue = createQueue({ store, jobs });
  const services = createServices(environment, queue, log);
  const worker = createWorker({
    queue,
    handlers: createHandlers(services),
    types,
    concurrency: environment.WORKER_CONCURRENCY,
    leaseMs: environment.WORKER_LEASE_MS,
    shutdownMs: environment.WORKER_SHUTDOWN_MS,
    log,
  });
  const health = await openHealthPort({ port: environment.WORKER_HEALTH_PORT, queue, log });
  // A rejection that a handler let slip must not take the jobs beside it down.
  const options = { unhandledRejection: "log" } as const;
  onShutdown(
    log,
    async () => {
      await worker.stop();
      await services.mailer.close();
      await health.close();
      await store.close();
    },
    options,
  );
  worker.start();
});
