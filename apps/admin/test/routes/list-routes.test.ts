import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin } from "../open-test-admin.ts";

it("lists the workers that have been seen, and what they run", async () => {
  const { queue, asOperator } = await openTestAdmin();
  await queue.store.beat({ id: "worker-1", leaseMs: 30_000 });
  await queue.enqueue("sync_inventory", { orderId: "a", userId: "u" });
  await queue.dequeue("worker-1");
  const { items } = await (await asOperator("/admin/workers")).json();
  expect(items).toEqual([expect.objectContaining({ id: "worker-1", running: 1, leaseMs: 30_000 })]);
});

it("lists the runs that failed last, newest first", async () => {
  const { queue, asOperator } = await openTestAdmin();
  const old = await makeDeadLetter(queue, { orderId: "a" });
  const recent = await makeDeadLetter(queue, { orderId: "b" });
  const { items } = await (await asOperator("/admin/failures?limit=10")).json();
  expect(items.map((run: { jobId: string }) => run.jobId)).toEqual([recent.originalJobId, old.originalJobId]);
  expect((await asOperator("/admin/failures?limit=0")).status).toBe(400);
});
