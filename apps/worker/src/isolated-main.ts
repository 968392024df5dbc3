import { serveIsolatedRun } from "@holdfast/queue-core";
import { startApp } from "@holdfast/services/process";
import { openWorker } from "./open-worker.ts";

// Forked by the worker for a single job that was running in a process that died.
await startApp(async () => {
  const { queue, handlers, log, close } = await openWorker();
  await serveIsolatedRun({ queue, handlers, log });
  await close();
});
