// A limit that types share, declared by the code: node_modules/.bin/node --conditions=source examples/shared-limits.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const payload = z.object({ n: z.number() });
const jobs = [
  defineJob("send_receipt", { payload, limit: "email" }),
  defineJob("send_newsletter", { payload, limit: "email" }),
  defineJob("resize_image", { payload }),
] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-shared-limits-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

// The mail service takes three connections, whatever the mail.
const limits = { email: { concurrency: 3 } };
await queue.syncLimits(limits);
for (const { type } of jobs) await queue.enqueueMany(type, [{ n: 1 }, { n: 2 }]);
const claimed = await queue.dequeueBatch("worker-1", 10);
console.log(`claimed: ${claimed.map(({ type, payload: { n } }) => `${type} ${n}`).join(", ")}`);

// Somebody slows it down while there is trouble, and the next deploy leaves that alone.
await queue.setLimit("email", { concurrency: 1 }, { actor: "ann" });
console.log(`kept: ${(await queue.syncLimits(limits)).kept.join(", ")}`);
const say = async (): Promise<void> => {
  for (const { name, types, concurrency, isEdited } of await queue.limits())
    console.log(`${name} of ${types.join(" and ")}: ${concurrency}${isEdited ? ", edited" : ""}`);
};
await say();
await queue.resetLimit("email");
await say();

await store.close();
await rm(folder, { recursive: true });
