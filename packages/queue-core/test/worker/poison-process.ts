// A worker in a process of its own, or, when a worker forks it, the process of one suspect:
// `poison-process.ts <database> <concurrency>`.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createQueue, createWorker, type JobHandlers, serveIsolatedRun } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { POISON_JOBS } from "./poison-jobs.ts";

const path = process.env.POISON_DATABASE ?? "";
const concurrency = Number(process.env.POISON_CONCURRENCY);

function witness(what: string): void {
  appendFileSync(`${path}.witness`, `${what}\n`);
}

const handlers: JobHandlers<typeof POISON_JOBS> = {
  innocent: async ({ n }) => {
    // Long enough to be in the middle of it when a neighbour ends the process.
    await sleep(20);
    witness(`innocent ${n}`);
  },
  kills: () => {
    witness("kills");
    process.kill(process.pid, "SIGKILL");
  },
  mixed: {
    batch: { size: 10 },
    handle: async (jobs) => {
      // Long enough to be in the middle of it.
      await sleep(20);
      for (const { payload } of jobs) {
        witness(`mixed ${payload.n}`);
        if (payload.n === 0) process.kill(process.pid, "SIGKILL");
      }
    },
  },
  exits: () => {
    witness("exits");
    process.exit(0);
  },
  hoards: () => {
    witness("hoards");
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 100_000 }, (_, n) => n));
  },
};

const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: POISON_JOBS });
if (process.env.POISON_ROLE === "worker") {
  process.env.POISON_ROLE = "isolated";
  const worker = createWorker({
    queue,
    handlers,
    concurrency,
    leaseMs: 300,
    pollMs: 10,
    isolatedEntry: new URL(import.meta.url),
  });
  worker.start();
  process.once("SIGTERM", () => void worker.stop().then(() => store.close()));
} else {
  await serveIsolatedRun({ queue, handlers });
  await store.close();
}
