import { jobs } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import {
  createLogger,
  keyringOf,
  onShutdown,
  openHealthPort,
  openShopStore,
  readEnvironment,
  schedulerVariables,
  secretsIn,
  startApp,
  storeVariables,
} from "@holdfast/services/process";
import { Scheduler } from "./scheduler.ts";
import { declareSchedules } from "./schedules.ts";

await startApp(async () => {
  const shape = { ...storeVariables, ...schedulerVariables };
  const environment = readEnvironment(shape);
  const log = createLogger({
    name: "scheduler",
    level: environment.LOG_LEVEL,
    secrets: secretsIn(shape, environment),
  });

  const store = await openShopStore(environment, { log });
  const queue = createQueue({ store, jobs, ...keyringOf(environment) });
  await declareSchedules(queue, environment.SCHEDULE_TZ, log);
  const health = await openHealthPort({ port: environment.SCHEDULER_HEALTH_PORT, queue, log });
  const scheduler = new Scheduler({ queue, log });
  onShutdown(log, async () => {
    await scheduler.stop();
    await health.close();
    await store.close();
  });
  scheduler.start();
  log.info({ timeZone: environment.SCHEDULE_TZ }, "scheduler started");
});
