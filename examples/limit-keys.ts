// A limit for each customer by itself: node_modules/.bin/node --conditions=source examples/limit-keys.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const jobs = [
  defineJob("import_file", { payload: z.object({ customer: z.string(), n: z.number() }) }),
] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-limit-keys-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

// Six files at a time in all, and of each customer two.
await queue.setLimit("import_file", { concurrency: 6, perKey: { concurrency: 2 } });
const files = { big: 1_000, small: 3 };
for (const [customer, count] of Object.entries(files)) {
  const payloads = Array.from({ length: count }, (_, n) => ({ customer, n }));
  await queue.enqueueMany("import_file", payloads, { limitKey: customer });
}

const running = { big: 0, small: 0 };
const most = { big: 0, small: 0 };
let [bigDone, smallDone] = [0, 0];
let doneBefore = 0;
const allDone = Promise.withResolvers<void>();
const worker = createWorker({
  queue,
  concurrency: 10,
  handlers: {
    import_file: async ({ customer }) => {
      const name = customer === "big" ? "big" : "small";
      running[name] += 1;
      most[name] = Math.max(most[name], running[name]);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      running[name] -= 1;
      if (name === "big") bigDone += 1;
      else smallDone += 1;
      if (name === "small" && smallDone === files.small) doneBefore = bigDone;
      if (bigDone + smallDone === files.big + files.small) allDone.resolve();
    },
  },
});
worker.start();
await allDone.promise;
console.log(`at most ${most.big} of the big customer at a time, ${most.small} of the small one`);
console.log(
  `the small one waited for ${doneBefore < 50 ? "few" : "many"} of the ${files.big} files before its own`,
);

await worker.stop();
await store.close();
await rm(folder, { recursive: true });
