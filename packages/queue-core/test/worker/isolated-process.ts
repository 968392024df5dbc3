// The process of one suspect; its worker, a test, passes the database in the environment.
import { appendFileSync, existsSync } from "node:fs";
import { createQueue, serveIsolatedRun } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { WORKER_JOBS } from "./job-types.ts";

const path = process.env.ISOLATED_DATABASE ?? "";
const store = await openSqliteStore({ path });
await serveIsolatedRun({
  queue: createQueue({ store, jobs: WORKER_JOBS }),
  handlers: {
    task: async (_, { signal }) => {
      appendFileSync(`${path}.witness`, "begins alone\n");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
    },
    patient: () => "ran alone",
    // For ever, in which no timer of this process fires.
    short: () => {
      while (performance.now() < Number.POSITIVE_INFINITY);
    },
    other: () => {
      if (existsSync(`${path}.witness`)) return "the second time";
      appendFileSync(`${path}.witness`, "begins alone, deaf to its signal\n");
      return new Promise(() => setInterval(() => undefined, 1_000));
    },
  },
});
await store.close();
