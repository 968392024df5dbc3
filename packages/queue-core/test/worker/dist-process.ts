// Run by plain `node`, without the condition `source`: this package under its own name is then what was built.
import { createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";
import { until } from "./until.ts";

const [path = ""] = process.argv.slice(2);
const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: [defineJob("task", { payload: z.object({}) })] });
const worker = createWorker({
  queue,
  handlers: {
    task: async () => {
      const seen = new Set<number>();
      await until("the heartbeat's thread has beaten a few times", async () => {
        for (const { seenAt } of await store.workers()) seen.add(seenAt.getTime());
        return seen.size > 3;
      });
      return "beaten for";
    },
  },
  leaseMs: 600,
  pollMs: 5,
});
worker.start();
const { id } = await queue.enqueue("task", {});
const job = await until("the job is completed", async () => {
  const found = await store.getJob(id);
  return found?.status === "completed" && found;
});
await worker.stop();
await store.close();
const { status, attempts, result } = job;
const entry = import.meta.resolve("@holdfast/queue-core");
process.stdout.write(`${JSON.stringify({ entry, status, attempts, result })}\n`);
