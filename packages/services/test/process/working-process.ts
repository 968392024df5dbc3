// A worker that onShutdown looks after: `working-process.ts <database>`. One of its jobs throws where nobody catches.
import { createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";
import { createLogger } from "../../src/process/logger.ts";
import { onShutdown } from "../../src/process/shutdown.ts";

const payload = z.object({});
const jobs = [
  defineJob("throws", { payload, retry: { attempts: 1 } }),
  defineJob("waits", { payload }),
] as const;

const store = await openSqliteStore({ path: process.argv[2] ?? "" });
const queue = createQueue({ store, jobs });
const mayEnd = Promise.withResolvers<void>();
const worker = createWorker({
  queue,
  handlers: {
    throws: async () => {
      setTimeout(() => {
        throw new Error("thrown by a timer");
      }, 1);
      await new Promise(() => {});
    },
    waits: () => mayEnd.promise,
  },
  pollMs: 5,
});
const log = createLogger({ name: "working", level: "info" });
onShutdown(log, async () => {
  await worker.stop();
  await store.close();
});
process.on("message", () => mayEnd.resolve());
const { id } = await queue.enqueue("throws", {});
await queue.enqueue("waits", {});
worker.start();
for (let dead = false; !dead; ) {
  await new Promise((resolve) => setTimeout(resolve, 5));
  dead = (await store.getJob(id))?.status === "failed";
}
process.send?.("ready");
