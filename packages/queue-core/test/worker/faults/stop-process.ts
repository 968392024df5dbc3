// A worker that stops on SIGTERM and SIGINT: `stop-process.ts <database>`.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createQueue, createWorker } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { SHUTDOWN_MS, STOP_JOBS } from "./stop-jobs.ts";

const [path = ""] = process.argv.slice(2);
const store = await openSqliteStore({ path });
const worker = createWorker({
  queue: createQueue({ store, jobs: STOP_JOBS }),
  handlers: {
    work: async ({ ms }, { jobId, signal }) => {
      appendFileSync(`${path}.witness`, `${jobId} ${process.pid}\n`);
      await sleep(ms, undefined, { signal });
    },
  },
  shutdownMs: SHUTDOWN_MS,
  pollMs: 10,
});
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.on(signal, () => void worker.stop().then(() => store.close()));
worker.start();
