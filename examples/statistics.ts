// The queue in numbers: node_modules/.bin/node --conditions=source examples/statistics.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const payload = z.object({ to: z.string() });
const jobs = [defineJob("send_mail", { payload, retry: { attempts: 1 } })] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-statistics-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

await queue.enqueueMany(
  "send_mail",
  Array.from({ length: 1_000 }, (_, n) => ({ to: `user-${n}@example.com` })),
);
await queue.enqueueDelayed("send_mail", { to: "ada@example.com" }, 60_000);

const claimed = await queue.dequeueBatch("worker-1", 20);
const [unlucky, ...lucky] = claimed;
for (const job of lucky) await queue.completeJob(job);
if (unlucky) await queue.failJob(unlucky, new Error("no such address"));

const { queue: now, deadLetterQueue, byType } = await queue.stats();
console.log(`${now.pending} pending, ${now.scheduled} scheduled, ${now.failed} dead`);
console.log(`failure rate: ${now.failureRate}, unreviewed: ${deadLetterQueue.unreviewed}`);
console.log(byType.map(({ status, count }) => `${status} ${count}`).join(", "));

const { points, total } = await queue.history({ minutes: 30 });
console.log(
  `${points.length} minutes: ${total.enqueued} added, ${total.completed} completed, ${total.failed} failed`,
);
console.log(
  `waited: ${total.waiting?.count} jobs, half of them under a second: ${(total.waiting?.p50Ms ?? 0) < 1_000}`,
);

const { status, issues } = await queue.checkQueueHealth({ pending: 900 });
console.log(`${status}: ${issues.join("; ")}`);

await store.close();
await rm(folder, { recursive: true });
