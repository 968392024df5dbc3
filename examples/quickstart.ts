// Holdfast in one file: node_modules/.bin/node --conditions=source examples/quickstart.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob, fixed } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const sendWelcome = defineJob("send_welcome", {
  payload: z.object({ email: z.email() }),
  retry: { attempts: 3, backoff: fixed({ delayMs: 50 }) },
});
const recordWelcome = defineJob("record_welcome", { payload: z.object({ email: z.email() }) });

const folder = await mkdtemp(join(tmpdir(), "holdfast-quickstart-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs: [sendWelcome, recordWelcome] });

const recorded = Promise.withResolvers<void>();
const worker = createWorker({
  queue,
  handlers: {
    async send_welcome({ email }, ctx) {
      console.log(`attempt ${ctx.attempt} of ${ctx.maxAttempts} begins`);
      // A mail cannot be taken back, so no later attempt is to send it again.
      const mail = await ctx.once("mail", () => {
        console.log(`mail sent to ${email}`);
        return { id: ctx.idempotencyKey };
      });
      if (ctx.attempt === 1) throw new Error("the address book is out of reach");
      ctx.enqueue("record_welcome", { email });
      return { mailId: mail.id };
    },
    record_welcome({ email }) {
      console.log(`${email} recorded`);
      recorded.resolve();
    },
  },
});

// What you write through tx.sql here commits together with the job, or neither does.
const { id } = await store.transaction((tx) =>
  queue.enqueue("send_welcome", { email: "ada@example.com" }, { tx }),
);
console.log(`enqueued: ${(await store.getJob(id))?.status}`);

worker.start();
await recorded.promise;
await worker.stop();

for (const { attempt, outcome, error } of await store.attempts(id)) {
  console.log(`attempt ${attempt} ${outcome}${error === null ? "" : `: ${error.split("\n")[0]}`}`);
}
console.log(`ended: ${(await store.getJob(id))?.status}`);
await store.close();
await rm(folder, { recursive: true });
