import { expect, it } from "vitest";
import { openTestAdmin } from "../open-test-admin.ts";

it("R12: limits are told, set and lifted while jobs run", async () => {
  const { asOperator, queue } = await openTestAdmin();
  for (const orderId of ["a", "b"]) await queue.enqueue("sync_inventory", { orderId, userId: "u" });
  const post = (body: unknown) => asOperator("/admin/limits", { method: "POST", body });
  const set = await post({ type: "sync_inventory", limit: { concurrency: 1 } });
  const items = [{ type: "sync_inventory", rate: null, concurrency: 1 }];
  expect([set.status, await set.json()]).toEqual([200, { items }]);
  expect(await (await asOperator("/admin/limits")).json()).toEqual({ items });
  expect(await queue.dequeueBatch("worker-1", 10)).toHaveLength(1);
  expect(await (await post({ type: "sync_inventory", limit: null })).json()).toEqual({ items: [] });
  expect(await queue.dequeueBatch("worker-1", 10)).toHaveLength(1);
});

it("R12: a limit that cannot be is refused, and so is one of nothing", async () => {
  const { asOperator, queue } = await openTestAdmin();
  const rate = { limit: 1, periodMs: 1_000 };
  for (const body of [
    undefined,
    {},
    { type: "sync_inventory" },
    { type: "sync_inventory", limit: {} },
    { type: "sync_inventory", limit: { concurrency: 0 } },
    { type: "sync_inventory", limit: { concurrency: "2" } },
    { type: "sync_inventory", limit: { rate: { ...rate, limit: 1_000_001 } } },
    { type: "sync_inventory", limit: { rate, per: "customer" } },
  ]) {
    const response = await asOperator("/admin/limits", { method: "POST", body });
    expect([response.status, (await response.json()).error.code], JSON.stringify(body)).toEqual([
      400,
      "VALIDATION_ERROR",
    ]);
  }
  const unknown = await asOperator("/admin/limits", {
    method: "POST",
    body: { type: "none", limit: { rate } },
  });
  expect([unknown.status, (await unknown.json()).error.code]).toEqual([409, "JOB_TYPE_UNKNOWN"]);
  expect(await queue.limits()).toEqual([]);
});
