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

it("R9: pauses, resumes and edits a schedule, and refuses what cannot be used", async () => {
  const { queue, asOperator, send } = await openTestAdmin();
  await queue.registerCron("reconcile_payments", "0 0 * * *");
  const path = "/admin/schedules/reconcile_payments";
  const change = (body: unknown) => asOperator(path, { method: "PATCH", body });
  expect((await send(`${path}/pause`, { method: "POST" })).status).toBe(401);
  expect(await (await asOperator(`${path}/pause`, { method: "POST" })).json()).toMatchObject({
    isActive: false,
  });
  expect(await (await asOperator(`${path}/resume`, { method: "POST" })).json()).toMatchObject({
    isActive: true,
  });
  const body = { expression: "every 60000 ms", catchUp: "skip", overlap: "skip", version: 3 };
  const edited = await change(body);
  expect([edited.status, await edited.json()]).toMatchObject([200, { ...body, version: 4 }]);

  expect((await change(body)).status).toBe(409);
  for (const refused of [{ expression: "no" }, { timeZone: "Mars/Base" }, { overlap: "x" }, { type: "y" }])
    expect([refused, (await change(refused)).status]).toEqual([refused, 400]);
  expect((await asOperator("/admin/schedules/none", { method: "PATCH", body: {} })).status).toBe(404);
  expect((await asOperator("/admin/schedules/none/pause", { method: "POST" })).status).toBe(404);
  expect(await queue.store.listSchedules()).toMatchObject([{ ...body, version: 4 }]);
});

it("R9: removes a schedule and leaves its jobs", async () => {
  const { queue, asOperator, send } = await openTestAdmin();
  await queue.registerCron("reconcile_payments", "0 0 * * *");
  await queue.runCron("reconcile_payments");
  const path = "/admin/schedules/reconcile_payments";
  expect((await send(path, { method: "DELETE" })).status).toBe(401);
  expect((await asOperator(path, { method: "DELETE" })).status).toBe(204);
  expect((await asOperator(path, { method: "DELETE" })).status).toBe(404);
  expect(await queue.store.listSchedules()).toEqual([]);
  expect((await queue.stats()).queue.pending).toBe(1);
});

it("R9: previews the next five runs", async () => {
  const { asOperator } = await openTestAdmin();
  const preview = (query: string) => asOperator(`/admin/schedules/preview?${query}`);
  const { runs } = await (await preview("expression=0+0+*+*+*&timeZone=Asia/Tokyo")).json();
  expect(runs).toHaveLength(5);
  for (const run of runs) expect(run).toMatch(/T15:00:00.000Z$/);
  expect((await preview("expression=no")).status).toBe(400);
});
