import { jobs } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import {
  createLogger,
  keyringOf,
  openShopStore,
  readEnvironment,
  secretsIn,
} from "@holdfast/services/process";
import type { Logger } from "pino";
import { createServices, type WorkerEnvironment, workerShape } from "./create-services.ts";
import { createHandlers } from "./handlers.ts";

/** What both processes of a worker need: the one that claims, and the one that runs a single job alone. */
export interface OpenWorker {
  readonly environment: WorkerEnvironment;
  readonly log: Logger;
  readonly queue: ShopQueue;
  readonly handlers: ReturnType<typeof createHandlers>;
  readonly close: () => Promise<void>;
}

/**
 * Reads the environment and opens store and services.
 * @throws {EnvironmentInvalidError | StoreRefusedError}
 */
export async function openWorker(): Promise<OpenWorker> {
  const environment = readEnvironment(workerShape);
  const log = createLogger({
    name: "worker",
    level: environment.LOG_LEVEL,
    secrets: secretsIn(workerShape, environment),
  });
  const store = await openShopStore(environment, { log });
  const queue = createQueue({ store, jobs, ...keyringOf(environment) });
  const services = createServices(environment, queue, log);
  return {
    environment,
    log,
    queue,
    handlers: createHandlers(services),
    close: async () => {
      await services.mailer.close();
      await store.close();
    },
  };
}
