import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin } from "../open-test-admin.ts";

it("R9: lists the schedules with their last and next run", async () => {
  const { queue, asOperator } = await openTestAdmin();
  await queue.registerCron("daily_sales_report", "0 0 * * *", { timeZone: "Europe/Berlin" });
  const { items, nextCursor } = await (await asOperator("/admin/schedules")).json();
  expect(nextCursor).toBeNull();
  expect(items).toEqual([
    expect.objectContaining({
      id: "daily_sales_report",
      expression: "0 0 * * *",
      timeZone: "Europe/Berlin",
      isActive: true,
      lastRunAt: null,
      nextRunAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT(?:22|23):00:00\.000Z$/),
    }),
  ]);
});

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
