import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin, type TestAdmin } from "../open-test-admin.ts";

async function call(admin: TestAdmin, path: string, method = "GET") {
  const response = await admin.asOperator(`/admin/${path}`, { method });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

it("R6: discard takes it off the list, and putting it back takes that back", async () => {
  const admin = await openTestAdmin();
  const { id, originalJobId } = await makeDeadLetter(admin.queue);
  const whole = (await call(admin, `dead-letters/${id}`)).body;
  expect(await call(admin, `dead-letters/${id}/discard`, "POST")).toEqual({ status: 204, body: null });
  expect((await call(admin, `dead-letters/${id}`)).status).toBe(404);
  expect((await call(admin, `jobs/${originalJobId}`)).status).toBe(404);
  expect((await call(admin, `dead-letters/${id}/discard`, "POST")).status).toBe(404);
  const { items } = (await call(admin, "discarded")).body;
  expect(items).toMatchObject([{ id, originalJobId, discardedAt: expect.any(String), cut: [] }]);

  expect(await call(admin, `discarded/${id}/put-back`, "POST")).toEqual({ status: 204, body: null });
  expect((await call(admin, `dead-letters/${id}`)).body).toEqual(whole);
  expect((await call(admin, "discarded")).body).toEqual({ items: [], nextCursor: null });
  expect((await call(admin, `discarded/${id}/put-back`, "POST")).status).toBe(404);
});

it("R6: what is discarded can be deleted for good at once", async () => {
  const admin = await openTestAdmin();
  const { id, originalJobId } = await makeDeadLetter(admin.queue);
  expect((await call(admin, `discarded/${id}`, "DELETE")).status).toBe(404);
  await call(admin, `dead-letters/${id}/discard`, "POST");
  expect(await call(admin, `discarded/${id}`, "DELETE")).toEqual({ status: 204, body: null });
  expect(await admin.queue.store.attempts(originalJobId)).toEqual([]);
  expect((await call(admin, `discarded/${id}/put-back`, "POST")).status).toBe(404);
});

it("lists what is discarded page by page, newest first", async () => {
  const admin = await openTestAdmin();
  const ids: string[] = [];
  for (const orderId of ["a", "b", "c"]) {
    const { id } = await makeDeadLetter(admin.queue, { orderId });
    await call(admin, `dead-letters/${id}/discard`, "POST");
    ids.unshift(id);
  }
  const first = (await call(admin, "discarded?limit=2")).body;
  const second = (await call(admin, `discarded?limit=2&cursor=${first.nextCursor}`)).body;
  const listed = [...first.items, ...second.items].map((item: { id: string }) => item.id);
  expect(listed).toEqual(ids);
  expect(second.nextCursor).toBeNull();
});
