// A worker that looks for work by itself only once a minute: `pick-up-process.ts <database> <concurrency>`.
// Any word from its parent stops it.
import { createQueue, createWorker } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { WORKER_JOBS } from "./job-types.ts";

const [path = "", concurrency = "1"] = process.argv.slice(2);
const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: WORKER_JOBS });
const worker = createWorker({
  queue,
  handlers: { task: ({ n }) => void process.send?.({ ran: n, pid: process.pid }) },
  concurrency: Number(concurrency),
  pollMs: 60_000,
});
process.on("message", () => {
  void worker.stop().then(async () => {
    await store.close();
    process.disconnect();
  });
});
worker.start();
