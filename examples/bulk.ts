// Many jobs at once: all or none, or each with an outcome of its own:
// node_modules/.bin/node --conditions=source examples/bulk.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, defineJob, PayloadInvalidError } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const jobs = [defineJob("send_mail", { payload: z.object({ to: z.email("no address") }) })] as const;
const folder = await mkdtemp(join(tmpdir(), "holdfast-bulk-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });
const addresses = ["ada@example.com", "nobody", "grace@example.com", "ada@example.com"];

try {
  await queue.enqueueMany(
    "send_mail",
    addresses.map((to) => ({ to })),
  );
} catch (error) {
  if (!(error instanceof PayloadInvalidError)) throw error;
  console.log(`none added: ${(await store.listJobs({ limit: 10 })).items.length} jobs`);
}

const items = addresses.map((to) => ({ payload: { to }, uniqueKey: to }));
for (const [i, result] of (await queue.enqueueEach("send_mail", items)).entries())
  console.log(
    `${addresses[i]}: ${result.outcome}${result.outcome === "refused" ? `, ${result.error.message}` : ""}`,
  );

await store.close();
await rm(folder, { recursive: true });
