import { expect, it } from "vitest";
import { openTestAdmin } from "../open-test-admin.ts";

it("R12: limits are told, set and lifted while jobs run", async () => {
  const { asOperator, queue } = await openTestAdmin();
  for (const orderId of ["a", "b"]) await queue.enqueue("sync_inventory", { orderId, userId: "u" });
  const path = "/admin/limits/sync_inventory";
  const set = await asOperator(path, { method: "PUT", body: { concurrency: 1 } });
  const own = { isShared: false, types: ["sync_inventory"], declared: null, isEdited: false };
  const items = [{ name: "sync_inventory", rate: null, concurrency: 1, perKey: null, ...own }];
  expect([set.status, await set.json()]).toEqual([200, { items }]);
  expect(await (await asOperator("/admin/limits")).json()).toEqual({ items });
  expect(await queue.dequeueBatch("worker-1", 10)).toHaveLength(1);
  expect(await (await asOperator(path, { method: "DELETE" })).json()).toEqual({ items: [] });
  expect(await queue.dequeueBatch("worker-1", 10)).toHaveLength(1);
});

it("R12: a limit that the shop declares and somebody changed is given back to it", async () => {
  const { asOperator, queue } = await openTestAdmin();
  await queue.syncLimits({ email: { concurrency: 5 } });
  await asOperator("/admin/limits/email", { method: "PUT", body: { concurrency: 2 } });
  const [edited] = await queue.limits();
  expect(edited).toMatchObject({
    isShared: true,
    concurrency: 2,
    isEdited: true,
    declared: { concurrency: 5 },
  });
  const reset = await asOperator("/admin/limits/email/reset", { method: "POST" });
  expect((await reset.json()).items).toMatchObject([{ name: "email", concurrency: 5, isEdited: false }]);
  const unknown = await asOperator("/admin/limits/sync_inventory/reset", { method: "POST" });
  expect([unknown.status, (await unknown.json()).error.code]).toEqual([404, "LIMIT_UNKNOWN"]);
});

it("R12: a limit that cannot be is refused with the reason, and so is one of nothing", async () => {
  const { asOperator, queue } = await openTestAdmin();
  const put = async (name: string, body: unknown) => {
    const response = await asOperator(`/admin/limits/${name}`, { method: "PUT", body });
    return [response.status, (await response.json()).error] as const;
  };
  const rate = { limit: 1, periodMs: 1_000 };
  for (const body of [
    undefined,
    null,
    {},
    { concurrency: 0 },
    { concurrency: "2" },
    { rate: { ...rate, limit: 1_000_001 } },
    { rate, per: "customer" },
    { rate, perKey: {} },
  ]) {
    const [status, error] = await put("sync_inventory", body);
    expect([status, error.code], JSON.stringify(body)).toEqual([400, "VALIDATION_ERROR"]);
  }
  const [, { message }] = await put("sync_inventory", { concurrency: 0 });
  expect(message).toContain("concurrency must be a whole number from 1 to 10000, got 0");
  expect(await put("none", { rate })).toMatchObject([404, { code: "LIMIT_UNKNOWN" }]);
  expect((await put("No%20name", { rate }))[0]).toBe(400);
  expect(await queue.limits()).toEqual([]);
});
