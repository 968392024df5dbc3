import { expect, it } from "vitest";
import { openTestAdmin } from "../open-test-admin.ts";

it("B4: groups are listed with what waits and runs of each", async () => {
  const { asOperator, queue } = await openTestAdmin();
  const list = async (): Promise<unknown> => (await asOperator("/admin/groups")).json();
  expect(await list()).toEqual({ items: [], isCut: false });
  for (const groupKey of ["acme", "acme", "zenith"])
    await queue.enqueue("sync_inventory", { orderId: "ord-1", userId: "u" }, { groupKey });
  await queue.dequeueBatch("worker-1", 1);
  await queue.setGroupWeight("idle", 2);
  expect(await list()).toEqual({
    items: [
      { groupKey: "acme", weight: 1, pending: 1, processing: 1 },
      { groupKey: "zenith", weight: 1, pending: 1, processing: 0 },
      { groupKey: "idle", weight: 2, pending: 0, processing: 0 },
    ],
    isCut: false,
  });
});

it("B4: weights of groups are told, set and taken back; one out of range is refused with the reason", async () => {
  const { asOperator } = await openTestAdmin();
  const put = (body: unknown) => asOperator("/admin/group-weights", { method: "PUT", body });
  const items = [{ groupKey: "acme", weight: 4 }];
  expect(await (await put({ groupKey: "acme", weight: 4 })).json()).toEqual({ items });
  expect(await (await asOperator("/admin/group-weights")).json()).toEqual({ items });
  const refused = await put({ groupKey: "acme", weight: 0 });
  expect([refused.status, (await refused.json()).error]).toMatchObject([
    400,
    { code: "VALIDATION_ERROR", message: 'The weight of the group "acme" must be from 0.01 to 1000, got 0' },
  ]);
  for (const body of [{}, { groupKey: "", weight: 1 }, { groupKey: "acme", weight: "2" }])
    expect((await put(body)).status, JSON.stringify(body)).toBe(400);
  expect(await (await put({ groupKey: "acme", weight: 1 })).json()).toEqual({ items: [] });
});
