// Payloads that only workers can read: node_modules/.bin/node --conditions=source examples/encryption.ts
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeyring, createQueue, createWorker, defineJob } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const jobs = [
  defineJob("pay_out", { payload: z.object({ iban: z.string() }), encrypted: true, retry: { attempts: 1 } }),
] as const;
const path = join(await mkdtemp(join(tmpdir(), "holdfast-encryption-")), "jobs.db");
const store = await openSqliteStore({ path });

// In a program they come from the environment: `parseKeyring(process.env.PAYLOAD_KEYS)`.
const may = { id: "2026-05", secret: randomBytes(32).toString("base64") };
const november = { id: "2026-11", secret: randomBytes(32).toString("base64") };

const before = createQueue({ store, jobs, keyring: createKeyring([may]) });
const iban = "DE02120300000000202051";
const old = await before.enqueue("pay_out", { iban });
console.log(`encrypted with ${old.keyId}`);

// The new key comes first and encrypts from now on; the old one decrypts.
const queue = createQueue({ store, jobs, keyring: createKeyring([november, may]) });
const rotated = await queue.enqueue("pay_out", { iban: "unknown" });
console.log(`encrypted with ${rotated.keyId}`);

const worker = createWorker({
  queue,
  pollMs: 20,
  handlers: {
    pay_out: ({ iban: account }) => {
      if (account === "unknown") throw new RangeError(`there is no account ${account}`);
      return { paid: account };
    },
  },
});
worker.start();
console.log("result:", await queue.result(old.id));
await queue.result(rotated.id).catch(() => undefined);
await worker.stop();

// What somebody sees who has the file and not the key.
const job = await store.getJob(rotated.id);
console.log(`stored error: ${job?.lastError?.replace(/sealed:.*/, "sealed:…")}`);
console.log(`with the key: ${job && queue.decrypt(job).lastError}`);
await store.close();
// Only now: nothing but SQLite may open the file of an open store.
console.log(`the account stands in the file: ${(await readFile(path)).includes(iban)}`);

await rm(join(path, ".."), { recursive: true });
