// A process that adds, claims and completes jobs as fast as it can, beside others that do the same.
import { once } from "node:events";
import { createQueue } from "../../src/queue.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";

export interface WriterReport {
  readonly enqueued: readonly string[];
  readonly completed: readonly string[];
  readonly errors: readonly string[];
}

const [, , path = "", name = "", rounds = "0"] = process.argv;
const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: JOB_TYPES });
const enqueued: string[] = [];
const completed: string[] = [];
const errors: string[] = [];

process.send?.("ready");
await once(process, "message");
for (let n = 0; n < Number(rounds); n += 1) {
  try {
    const durability = n % 10 === 0 ? "full" : "normal";
    enqueued.push((await queue.enqueue("mail", { n }, { durability })).id);
    const claimed = await queue.dequeue(name);
    if (!claimed) continue;
    await queue.completeJob(claimed);
    completed.push(claimed.id);
  } catch (error) {
    errors.push(String(error));
  }
}
// Somebody else may have claimed ours while we found nothing: what is left is taken by whoever looks last.
for (let claimed = await queue.dequeue(name); claimed; claimed = await queue.dequeue(name)) {
  await queue.completeJob(claimed);
  completed.push(claimed.id);
}
await store.close();
const report: WriterReport = { enqueued, completed, errors };
process.send?.(report);
process.disconnect();
