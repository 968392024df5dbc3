// A worker in a process of its own, or, when a worker forks it, the process of one suspect.
import { appendFileSync } from "node:fs";
import { createQueue, createWorker, type JobHandlers, serveIsolatedRun } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { HANG_JOBS, LEASE_MS } from "./hang-jobs.ts";

const path = process.env.HANG_DATABASE ?? "";
const isWorker = process.env.HANG_ROLE === "worker";

function witness(what: string): void {
  appendFileSync(`${path}.witness`, `${what}\n`);
}

function blockThread(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const handlers: JobHandlers<typeof HANG_JOBS> = {
  hang: () => {
    witness("hang");
    blockThread(Number.POSITIVE_INFINITY);
  },
  crunch: () => {
    witness("crunch begins");
    blockThread(3 * LEASE_MS);
    witness("crunch ends");
  },
  innocent: async () => {
    witness("innocent begins");
    // Among the others it is in the middle of its work when one of them hangs.
    if (isWorker) await new Promise(() => {});
    witness("innocent ends");
  },
};

const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: HANG_JOBS });
if (isWorker) {
  process.env.HANG_ROLE = "isolated";
  const isolatedEntry = new URL(import.meta.url);
  createWorker({ queue, handlers, leaseMs: LEASE_MS, pollMs: 10, isolatedEntry }).start();
} else {
  await serveIsolatedRun({ queue, handlers });
  await store.close();
}
