// Finding dead letters and deciding about them:
// node_modules/.bin/node --conditions=source examples/dead-letters.ts
import { createQueue, defineJob } from "@holdfast/queue-core";
import { MemoryDatabase } from "@holdfast/queue-core/testing";
import { z } from "zod";

const payload = z.object({ to: z.string() });
const jobs = [defineJob("send_mail", { payload, retry: { attempts: 1 } })] as const;
const memory = await MemoryDatabase.open();
const store = memory.openStore();
const queue = createQueue({ store, jobs });

const errors = ["connection timed out", "no such mailbox", "Connection Timed Out after 30 s"];
for (const [n, text] of errors.entries()) {
  await queue.enqueue("send_mail", { to: `user-${n}` });
  const job = await queue.dequeue("worker-1");
  if (job) await queue.failJob(job, new Error(text));
}

const { items } = await store.listDeadLetters({ search: "timed out", limit: 10 });
console.log(`timed out: ${items.length} of ${(await queue.stats()).queue.failed}`);

const { items: others } = await store.listDeadLetters({ search: "mailbox", limit: 10 });
for (const { id } of others) {
  await store.editDeadLetter(id, { reviewed: true, notes: "the customer has left" });
  await store.discard(id, { actor: "ann", action: "dead_letter.discard", subject: id, detail: null });
}

// The wrong one? It can be put back until its retention is over.
const { items: discarded } = await store.listDiscarded({ limit: 10 });
for (const { id } of discarded)
  await store.putBack(id, { actor: "ann", action: "dead_letter.put_back", subject: id, detail: null });
console.log(`put back: ${discarded.length}`);

console.log(`retried: ${await store.reviveMany({ search: "timed out", reason: "attempts_exhausted" })}`);
const again = await queue.dequeue("worker-1");
console.log(`attempt ${again?.attempt}, after ${(await store.attempts(again?.id ?? "")).length} failed run`);
const { queue: now, deadLetterQueue } = await queue.stats();
console.log(`dead: ${now.failed}, unreviewed: ${deadLetterQueue.unreviewed}`);
memory.close();
