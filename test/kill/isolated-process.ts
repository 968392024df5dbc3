// Forked by a worker of the kill tests for a single job that was running in a process that died.
import { serveIsolatedRun } from "@holdfast/queue-core";
import { killHandlers, openKillQueue } from "./kill-handlers.ts";
import { readSettings } from "./kill-settings.ts";

const { folder } = readSettings();
const { store, queue } = await openKillQueue(folder);
await serveIsolatedRun({ queue, handlers: killHandlers(folder) });
await store.close();
