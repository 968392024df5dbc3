import { expect, it } from "vitest";
import { hasEnded } from "../../src/sqlite/retention.ts";
import { RecordingStore } from "./recording-store.ts";

const DAY_MS = 24 * 60 * 60_000;

it("R20: a round of pruning looks once at the jobs of a workflow, however many of them have ended", async () => {
  const bed = await RecordingStore.open();
  const workflowId = "wf-1";
  const payloads = Array.from({ length: 250 }, (_, n) => ({ n }));
  await bed.queue.enqueueMany("mail", payloads, { workflowId });
  for (const job of await bed.queue.dequeueBatch("worker-1", payloads.length))
    await bed.queue.completeJob(job);
  await bed.queue.enqueue("mail", { n: 1 }, { workflowId, delayMs: 30 * DAY_MS });
  bed.clock.advance(8 * DAY_MS);
  const statements = await bed.statementsOf(() => bed.store.prune({ keepMs: 7 * DAY_MS }));
  expect(statements.filter((sql) => sql.includes("FROM finished f WHERE f.seq = j.seq"))).toHaveLength(1);
  await bed.close();
});

it("R20: of the workflows that a round of pruning meets it remembers ten thousand at most", () => {
  const ended = new Map<string, boolean>();
  for (let n = 0; n < 25_000; n += 1) expect(hasEnded(ended, `wf-${n}`, () => n % 2 === 1)).toBe(n % 2 === 0);
  expect(ended.size).toBeLessThanOrEqual(10_000);
});
