// Two deploys side by side: node_modules/.bin/node --conditions=source examples/payload-versions.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const folder = await mkdtemp(join(tmpdir(), "holdfast-versions-"));
const path = join(folder, "jobs.db");

// What runs today.
const today = createQueue({
  store: await openSqliteStore({ path }),
  jobs: [defineJob("send_mail", { payload: z.object({ name: z.string() }) })] as const,
});

// What is being rolled out: the name has become two, and a language is asked for.
const tomorrow = createQueue({
  store: await openSqliteStore({ path }),
  jobs: [
    defineJob("send_mail", {
      payload: z.object({ first: z.string(), last: z.string(), language: z.enum(["en", "de"]) }),
      version: 3,
      upcasters: {
        1: ({ name }: { name: string }) => ({ first: name.split(" ")[0], last: name.split(" ")[1] }),
        2: (mail: object) => ({ ...mail, language: "en" }),
      },
    }),
  ] as const,
});

await today.enqueue("send_mail", { name: "Ada Lovelace" });
await tomorrow.enqueue("send_mail", { first: "Konrad", last: "Zuse", language: "de" });

// Today's worker takes what it can read. The rest is not failed, and nothing of it is spent.
const done = Promise.withResolvers<void>();
const worker = createWorker({
  queue: today,
  pollMs: 20,
  handlers: { send_mail: ({ name }) => (console.log(`today's worker: ${name}`), done.resolve()) },
});
worker.start();
await done.promise;
await worker.stop();
const { unread } = await today.stats();
for (const { type, payloadVersion, count } of unread)
  console.log(`${count} ${type} of version ${payloadVersion} waits for a newer worker`);

// Tomorrow's worker reads what either deploy has enqueued.
await today.enqueue("send_mail", { name: "Grace Hopper" });
const names: string[] = [];
const all = Promise.withResolvers<void>();
const newer = createWorker({
  queue: tomorrow,
  pollMs: 20,
  handlers: {
    send_mail: ({ first, last, language }) => {
      names.push(`${last}, ${first} (${language})`);
      if (names.length === 2) all.resolve();
    },
  },
});
newer.start();
await all.promise;
await newer.stop();
console.log(`tomorrow's worker: ${names.toSorted().join("; ")}`);

await today.store.close();
await tomorrow.store.close();
await rm(folder, { recursive: true });
