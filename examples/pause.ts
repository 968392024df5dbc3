// Pausing one type while the others go on: node_modules/.bin/node --conditions=source examples/pause.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const payload = z.object({ orderId: z.string() });
const jobs = [defineJob("send_mail", { payload }), defineJob("make_invoice", { payload })] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-pause-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

// The mail service is down: its jobs wait, and spend no attempt.
await queue.pause("send_mail", { actor: "ann" });
await queue.enqueue("send_mail", { orderId: "ord-1" });
await queue.enqueue("make_invoice", { orderId: "ord-1" });
console.log(`paused: ${(await queue.paused()).types.map(({ type }) => type).join(", ")}`);

const invoiced = Promise.withResolvers<void>();
const mailed = Promise.withResolvers<void>();
const worker = createWorker({
  queue,
  handlers: {
    make_invoice: ({ orderId }) => {
      console.log(`invoice for ${orderId}`);
      invoiced.resolve();
    },
    send_mail: ({ orderId }, { attempt }) => {
      console.log(`mail for ${orderId}, attempt ${attempt}`);
      mailed.resolve();
    },
  },
});
worker.start();
await invoiced.promise;
const { pending } = (await queue.stats()).queue;
console.log(`still pending: ${pending}`);

// Idle workers are woken, whichever process they are in.
await queue.resume("send_mail", { actor: "ann" });
await mailed.promise;
await worker.stop();

await store.close();
await rm(folder, { recursive: true });
