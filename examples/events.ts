// What happens to jobs, as it happens, whichever process does it:
// node_modules/.bin/node --conditions=source examples/events.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob, fixed } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const jobs = [
  defineJob("send_mail", {
    payload: z.object({ to: z.string() }),
    retry: { attempts: 2, backoff: fixed({ delayMs: 1 }) },
  }),
] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-events-"));
const path = join(folder, "jobs.db");
const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs });

// As in another process: a store of its own on the same file.
const listening = await openSqliteStore({ path });
const events = createQueue({ store: listening, jobs }).events({ pollMs: 10 });

const worker = createWorker({
  queue,
  pollMs: 10,
  handlers: {
    send_mail: ({ to }, ctx) => {
      if (to === "nobody" || ctx.attempt === 1) throw new Error(`no way to reach ${to}`);
    },
  },
});

// The first step begins to listen; what was there before is not told.
const first = events.next();
await new Promise((resolve) => setTimeout(resolve, 100));
await queue.enqueue("send_mail", { to: "ada" });
const { value } = await first;
console.log(value?.kind);
worker.start();
for await (const event of events) {
  if (event.kind === "missed") throw new Error("too slow");
  const attempt = event.attempt === null ? "" : `, attempt ${event.attempt}`;
  console.log(`${event.kind}${attempt}${event.error === null ? "" : `: ${event.error}`}`);
  if (event.kind === "completed") await queue.enqueue("send_mail", { to: "nobody" });
  // Leaving the loop ends the listening.
  if (event.kind === "dead") break;
}

await worker.stop();
for (const each of [listening, store]) await each.close();
await rm(folder, { recursive: true });
