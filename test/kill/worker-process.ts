// A worker to be killed. Logs JSON lines; stops when it gets SIGTERM.
import { flushCompileCache } from "node:module";
import { createWorker } from "@holdfast/queue-core";
import { pino } from "pino";
import { killHandlers, openKillQueue } from "./kill-handlers.ts";
import { readSettings } from "./kill-settings.ts";

// Written at the end of a process by default, which is not what becomes of this one.
flushCompileCache();
const { folder, concurrency, leaseMs, logLevel } = readSettings();
const { store, queue } = await openKillQueue(folder);
const worker = createWorker({
  queue,
  handlers: killHandlers(folder),
  concurrency,
  leaseMs,
  pollMs: 20,
  isolatedEntry: new URL("./isolated-process.ts", import.meta.url),
  log: pino({ level: logLevel }),
});
process.once("SIGTERM", () => {
  void worker.stop().then(() => store.close());
});
worker.start();
