import { expect, it } from "vitest";
import { openTestAdmin } from "../open-test-admin.ts";

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

it("R26: runs a schedule now and leaves its own times as they are", async () => {
  const { queue, asOperator } = await openTestAdmin();
  await queue.registerCron("daily_sales_report", "0 0 * * *", { payload: { day: "2026-01-01" } });
  const before = await queue.store.listSchedules();
  const response = await asOperator("/admin/schedules/daily_sales_report/run", { method: "POST" });
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({
    type: "daily_sales_report",
    status: "pending",
    slotAt: null,
  });
  expect(await queue.store.listSchedules()).toEqual(before);
  expect((await queue.dequeue("worker-1"))?.payload).toEqual({ day: "2026-01-01" });
  expect((await asOperator("/admin/schedules/nothing/run", { method: "POST" })).status).toBe(404);
});
