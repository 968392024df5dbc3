// Fair turns between tenants: node_modules/.bin/node --conditions=source examples/fairness.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const jobs = [defineJob("import_row", { payload: z.object({ tenant: z.string() }) })] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-fairness-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

async function add(tenant: string, count: number): Promise<void> {
  const payloads = Array.from({ length: count }, () => ({ tenant }));
  await queue.enqueueMany("import_row", payloads, { groupKey: tenant });
}
async function next(count: number): Promise<string> {
  const claimed = await queue.dequeueBatch("worker-1", count);
  return claimed.map(({ payload }) => payload.tenant).join(" ");
}

await add("big", 50_000);
await add("small", 1);
console.log(`50,000 jobs of one tenant, then one of another: ${await next(4)}`);

await add("small", 50);
console.log(`with fifty of it: ${await next(6)}`);

// Who pays for it has three turns for one of each other; the jobs that wait already keep their places.
await queue.setGroupWeight("premium", 3);
await add("premium", 100);
const claimed = await queue.dequeueBatch("worker-1", 40);
const count = (tenant: string): number => claimed.filter(({ payload }) => payload.tenant === tenant).length;
console.log(`of 40 turns: premium ${count("premium")}, big ${count("big")}, small ${count("small")}`);

await store.close();
await rm(folder, { recursive: true });
