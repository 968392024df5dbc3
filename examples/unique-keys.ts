// What a unique key can do: node_modules/.bin/node --conditions=source examples/unique-keys.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const jobs = [
  defineJob("ship_order", { payload: z.object({ orderId: z.string() }) }),
  defineJob("index_document", { payload: z.object({ edit: z.int() }) }),
] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-unique-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

// An order is shipped once, however often somebody asks. The key is held until the job is deleted.
const order = { orderId: "ord-1" };
const first = await queue.enqueue("ship_order", order, { uniqueKey: "ord-1" });
const second = await queue.enqueue("ship_order", order, { uniqueKey: "ord-1" });
const isOne = first.id === second.id;
console.log(`the same order twice: ${isOne ? "one job" : "two jobs"}, deduplicated: ${second.deduplicated}`);

// Held only until a worker takes the job: what changes while it runs is not missed.
const held = { uniqueKey: "ord-2", unique: { while: "unclaimed" } } as const;
await queue.enqueue("ship_order", { orderId: "ord-2" }, { ...held, priority: 99 });
await queue.dequeue("worker-by-hand");
const more = await queue.enqueue("ship_order", { orderId: "ord-2" }, held);
console.log(`while it runs, one more may wait: deduplicated: ${more.deduplicated}`);

// Typing is over when nobody has typed for a while, or after the longest wait.
const debounced = {
  uniqueKey: "document-7",
  unique: { while: "unclaimed", onConflict: "debounce", maxWaitMs: 5_000 },
  delayMs: 100,
} as const;
for (const edit of [1, 2, 3]) await queue.enqueue("index_document", { edit }, debounced);
const indexed: number[] = [];
const done = Promise.withResolvers<void>();
const worker = createWorker({
  queue,
  pollMs: 20,
  types: ["index_document"],
  handlers: {
    index_document: ({ edit }) => {
      indexed.push(edit);
      done.resolve();
    },
  },
});
worker.start();
await done.promise;
await worker.stop();
console.log(`three edits of a document: one index run, of edit ${indexed.join(", ")}`);

await store.close();
await rm(folder, { recursive: true });
