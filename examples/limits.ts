// A rate and a concurrency that hold over all workers: node_modules/.bin/node --conditions=source examples/limits.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const payload = z.object({ n: z.number() });
const jobs = [defineJob("send_mail", { payload }), defineJob("resize_image", { payload })] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-limits-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

// The mail service takes 50 a second and three at once; of the images two are resized at a time.
await queue.setLimit("send_mail", { rate: { limit: 50, periodMs: 1_000, burst: 3 } });
await queue.setLimit("resize_image", { concurrency: 2 });
const payloads = Array.from({ length: 10 }, (_, n) => ({ n }));
await queue.enqueueMany("send_mail", payloads);
await queue.enqueueMany("resize_image", payloads);

let [mails, images, atOnce, mostAtOnce] = [0, 0, 0, 0];
const allDone = Promise.withResolvers<void>();
const noteEnd = (): void => {
  if (mails + images === 20) allDone.resolve();
};
const handlers = {
  send_mail: () => {
    mails += 1;
    noteEnd();
  },
  resize_image: async () => {
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
    atOnce -= 1;
    images += 1;
    noteEnd();
  },
};
const workers = [createWorker({ queue, handlers }), createWorker({ queue, handlers })];
const startedMs = performance.now();
for (const worker of workers) worker.start();
await allDone.promise;
// Three mails at once, then one each 20 ms.
const isSlow = performance.now() - startedMs >= 7 * 20;
console.log(`${mails} mails, ${isSlow ? "no faster than the rate" : "too fast"}`);
console.log(`${images} images, at most ${mostAtOnce} at a time`);

await queue.setLimit("send_mail", null);
console.log(`still limited: ${(await queue.limits()).map(({ name }) => name).join(", ")}`);
for (const worker of workers) await worker.stop();
await store.close();
await rm(folder, { recursive: true });
