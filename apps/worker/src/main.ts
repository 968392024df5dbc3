import { createWorker } from "@holdfast/queue-core";
import { onShutdown, openHealthPort, startApp } from "@holdfast/services/process";
import { declareLimits } from "./declare-limits.ts";
import { selectJobTypes } from "./job-types.ts";
import { openWorker } from "./open-worker.ts";

// Ends like this file, so it is found in `src` and in `dist`.
const ISOLATED_MAIN = new URL(
  import.meta.url.endsWith(".ts") ? "./isolated-main.ts" : "./isolated-main.js",
  import.meta.url,
);

await startApp(async () => {
  const { environment, log, queue, handlers, close } = await openWorker();
  await declareLimits(queue, log);
  const worker = createWorker({
    queue,
    handlers,
    types: selectJobTypes(environment.WORKER_TYPES),
    concurrency: environment.WORKER_CONCURRENCY,
    leaseMs: environment.WORKER_LEASE_MS,
    shutdownMs: environment.WORKER_SHUTDOWN_MS,
    isolatedEntry: ISOLATED_MAIN,
    log,
  });
  const health = await openHealthPort({ port: environment.WORKER_HEALTH_PORT, queue, log });
  // A rejection that a handler let slip must not take the jobs beside it down.
  const options = { unhandledRejection: "log" } as const;
  onShutdown(
    log,
    async () => {
      await worker.stop();
      await health.close();
      await close();
    },
    options,
  );
  worker.start();
});
