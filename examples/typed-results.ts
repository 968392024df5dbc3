// What jobs return has a type, for those who wait for it and for the steps that come after:
// node_modules/.bin/node --conditions=source examples/typed-results.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob, JobFailedError } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const shelf = z.object({ shelf: z.string() });
const jobs = [
  defineJob("count_shelf", {
    payload: shelf,
    result: z.object({
      left: z.int().min(0),
      countedAt: z.iso.datetime().transform((text) => new Date(text)),
    }),
    retry: { attempts: 1 },
  }),
  defineJob("order_more", { payload: z.object({ below: z.int() }), result: z.int() }),
] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-typed-results-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });
const worker = createWorker({
  queue,
  pollMs: 20,
  handlers: {
    // The compiler holds it to the schema's input: a time as text here,
    count_shelf: ({ shelf }) => ({ left: shelf.length - 1, countedAt: "2026-11-27T08:00:00Z" }),
    order_more: async ({ below }, ctx) => {
      // and as a Date, the schema's output, to whoever reads it.
      const counts = await ctx.parentResults("count_shelf");
      return counts.filter(({ left, countedAt }) => left < below && countedAt.getUTCFullYear() === 2026)
        .length;
    },
  },
});
worker.start();

const { jobs: steps } = await queue.startWorkflowOf({
  bolts: { type: "count_shelf", payload: { shelf: "bolts" } },
  nuts: { type: "count_shelf", payload: { shelf: "nuts" } },
  order: { type: "order_more", payload: { below: 4 }, after: ["bolts", "nuts"] },
});
const bolts = await queue.result(steps.bolts);
console.log(`${bolts.left} bolts left at ${bolts.countedAt.toISOString()}`);
console.log(`to be ordered: ${(await queue.result(steps.order)).toFixed(0)} of 2`);

// What does not fit the schema is no result: the run has failed.
try {
  await queue.result(await queue.enqueue("count_shelf", { shelf: "" }));
} catch (error) {
  if (!(error instanceof JobFailedError)) throw error;
  console.log(`refused: ${/does not fit its schema: left/.test(error.message)}`);
}

await worker.stop();
await store.close();
await rm(folder, { recursive: true });
