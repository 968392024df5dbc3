// A job that tells how far it has come, and whose runs keep what they logged:
// node_modules/.bin/node --conditions=source examples/progress.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob, fixed } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const jobs = [
  defineJob("render_book", {
    payload: z.object({ pages: z.number() }),
    keepLog: { maxBytes: 256 },
    retry: { attempts: 2, backoff: fixed({ delayMs: 1 }) },
  }),
] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-progress-"));
const path = join(folder, "jobs.db");
const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs });

// As in another process: a store of its own on the same file.
const elsewhere = await openSqliteStore({ path });
const watching = createQueue({ store: elsewhere, jobs });

const isHeard = Promise.withResolvers<void>();
const worker = createWorker({
  queue,
  pollMs: 10,
  handlers: {
    render_book: async ({ pages }, ctx) => {
      for (let page = 1; page <= pages; page += 1) {
        ctx.log.info({ page }, "rendered");
        // Of values that come fast only the last one is stored, twice a second.
        ctx.progress(Math.round((page / pages) * 100));
        if (page === pages / 2) await isHeard.promise;
        if (page === pages / 2 && ctx.attempt === 1) throw new Error("out of ink");
      }
    },
  },
});

const events = watching.events({ kinds: ["progressed", "retried", "completed"], pollMs: 10 });
const first = events.next();
await new Promise((resolve) => setTimeout(resolve, 100));
const { id } = await queue.enqueue("render_book", { pages: 40 });
worker.start();
const { value } = await first;
if (value?.kind === "progressed") console.log(value.kind, "to", value.progress);
isHeard.resolve();
for await (const event of events) {
  if (event.kind === "missed") throw new Error("too slow");
  const told = event.kind === "progressed" ? ["to", event.progress] : [];
  console.log(`attempt ${event.attempt} ${event.kind}`, ...told);
  if (event.kind === "completed") break;
}

for (const { attempt, progress, log, logBytesCut } of await watching.reports(id)) {
  console.log(`attempt ${attempt} came to`, progress, logBytesCut > 0 ? "and logged much:" : "and logged:");
  // Each line begins with its time.
  const lines = (log ?? "").split("\n").map((line) => line.slice(line.indexOf(" ") + 1));
  console.log(`  ${lines.at(-1)}`);
}

await worker.stop();
for (const each of [elsewhere, store]) await each.close();
await rm(folder, { recursive: true });
