import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin, type TestAdmin } from "../open-test-admin.ts";

async function call(admin: TestAdmin, path: string, method = "GET", body?: unknown) {
  const response = await admin.asOperator(`/admin/dead-letters${path}`, { method, body });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

function nested(levels: number): unknown {
  return JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
}

it("R6: lists dead letters newest first, filtered by type and review", async () => {
  const admin = await openTestAdmin();
  const first = await makeDeadLetter(admin.queue, { orderId: "ord-1" });
  const second = await makeDeadLetter(admin.queue, { orderId: "ord-2" });
  await call(admin, `/${first.id}`, "PATCH", { reviewed: true });
  const idsAt = async (query: string): Promise<string[]> =>
    (await call(admin, query)).body.items.map((item: { id: string }) => item.id);
  expect(await idsAt("")).toEqual([second.id, first.id]);
  expect(await idsAt("?reviewed=false")).toEqual([second.id]);
  expect(await idsAt("?reviewed=true")).toEqual([first.id]);
  expect(await idsAt("?type=sync_inventory")).toEqual([]);
  expect((await call(admin, "?reviewed=maybe")).status).toBe(400);
});

it("R6: finds dead letters by reason, error and time, and retries by the same filters", async () => {
  const admin = await openTestAdmin();
  const { id, failedAt } = await makeDeadLetter(admin.queue, { orderId: "ord-1" });
  const idsAt = async (query: Record<string, string>): Promise<string[]> =>
    (await call(admin, `?${new URLSearchParams(query).toString()}`)).body.items.map(
      (item: { id: string }) => item.id,
    );
  const at = failedAt.toISOString();
  const fitting = { search: "DISK is", reason: "attempts_exhausted", failedFrom: at };
  expect(await idsAt(fitting)).toEqual([id]);
  for (const other of [{ search: "disc" }, { reason: "expired" }, { failedBefore: at }])
    expect(await idsAt({ ...fitting, ...other })).toEqual([]);
  for (const refused of ["?reason=bad", "?failedFrom=yesterday", "?search="])
    expect([refused, (await call(admin, refused)).status]).toEqual([refused, 400]);
  const countAt = async (query: Record<string, string>) =>
    (await call(admin, `/count?${new URLSearchParams(query).toString()}`)).body;
  expect(await countAt(fitting)).toEqual({ count: 1, isCut: false });
  expect(await countAt({ ...fitting, failedBefore: at })).toEqual({ count: 0, isCut: false });
  const retry = (body: unknown) => call(admin, "/retry", "POST", body);
  expect((await retry({ reason: "expired" })).body).toEqual({ retried: 0 });
  expect((await retry(fitting)).body).toEqual({ retried: 1 });
});

it("R6: shows one with payload, error, reason and the history of its runs", async () => {
  const admin = await openTestAdmin();
  const { id, originalJobId } = await makeDeadLetter(admin.queue);
  const { body } = await call(admin, `/${id}`);
  expect(body).toMatchObject({
    id,
    originalJobId,
    type: "generate_invoice",
    payload: { orderId: "ord-1", userId: "user-1" },
    attempts: 1,
    reason: "attempts_exhausted",
    reviewed: false,
    notes: null,
  });
  expect(body.lastError).toContain("the disk is full");
  expect(body.history).toHaveLength(1);
});

it("R6: retry moves it back under its original id with attempts 0 and its history", async () => {
  const admin = await openTestAdmin();
  const { id, originalJobId } = await makeDeadLetter(admin.queue);
  const { status, body } = await call(admin, `/${id}/retry`, "POST");
  expect(status).toBe(200);
  expect(body).toMatchObject({ id: originalJobId, status: "pending", attempts: 0 });
  expect(await admin.queue.store.attempts(originalJobId)).toHaveLength(1);
  expect((await call(admin, `/${id}`)).status).toBe(404);
  expect((await call(admin, `/${id}/retry`, "POST")).status).toBe(404);
});

it("R6: retries all that fit a filter", async () => {
  const admin = await openTestAdmin();
  for (const orderId of ["a", "b", "c"]) await makeDeadLetter(admin.queue, { orderId });
  const { items } = await admin.queue.store.listDeadLetters({ limit: 1 });
  await call(admin, `/${items[0]?.id}`, "PATCH", { reviewed: true });
  expect(await call(admin, "/retry", "POST", { type: "sync_inventory" })).toEqual({
    status: 200,
    body: { retried: 0 },
  });
  const unreviewed = { type: "generate_invoice", reviewed: false };
  expect(await call(admin, "/retry", "POST", unreviewed)).toEqual({ status: 200, body: { retried: 2 } });
  expect(await call(admin, "/retry", "POST", {})).toEqual({ status: 200, body: { retried: 1 } });
  expect((await admin.queue.stats()).queue).toMatchObject({ failed: 0, pending: 3 });
  for (const filter of [undefined, { types: ["x"] }, { type: 7 }]) {
    expect((await call(admin, "/retry", "POST", filter)).status).toBe(400);
  }
});

it("R6: an edited payload is checked by the type's schema and is what the retry runs with", async () => {
  const admin = await openTestAdmin();
  const { id } = await makeDeadLetter(admin.queue);
  const refused = await call(admin, `/${id}`, "PATCH", { payload: { orderId: 7 } });
  expect([refused.status, refused.body.error.code]).toEqual([400, "VALIDATION_ERROR"]);
  const fields = refused.body.error.details.map((detail: { field: string }) => detail.field);
  expect(fields.sort()).toEqual(["payload.orderId", "payload.userId"]);
  expect((await call(admin, `/${id}`)).body.payload).toEqual({ orderId: "ord-1", userId: "user-1" });

  const payload = { orderId: "ord-9", userId: "user-9" };
  expect((await call(admin, `/${id}`, "PATCH", { payload })).body.payload).toEqual(payload);
  await call(admin, `/${id}/retry`, "POST");
  expect((await admin.queue.dequeue("worker-1"))?.payload).toEqual(payload);
});

it("R6: marks as reviewed with a note, and takes both back", async () => {
  const admin = await openTestAdmin();
  const { id } = await makeDeadLetter(admin.queue);
  const noted = await call(admin, `/${id}`, "PATCH", { reviewed: true, notes: "asked the provider" });
  expect(noted.body).toMatchObject({ reviewed: true, notes: "asked the provider" });
  const undone = await call(admin, `/${id}`, "PATCH", { reviewed: false, notes: null });
  expect(undone.body).toMatchObject({ reviewed: false, notes: null });
});

it.each([
  ["nothing", {}],
  ["an unknown field", { attempts: 0 }],
  ["a review that is no boolean", { reviewed: "yes" }],
  ["a note that is too long", { notes: "x".repeat(10_001) }],
  ["no object", []],
  // Near where JSON.stringify fails: what one route could still store, the list could no longer show.
  ["a payload nested too deeply", { payload: { orderId: "o", userId: "u", x: nested(4_000) } }],
  ["a payload with half a surrogate pair", { payload: { orderId: "\ud800", userId: "u" } }],
  ["a payload with a NUL", { payload: { orderId: "\u0000", userId: "u" } }],
])("refuses a change with %s", async (_, change) => {
  const admin = await openTestAdmin();
  const { id } = await makeDeadLetter(admin.queue);
  const { status, body } = await call(admin, `/${id}`, "PATCH", change);
  expect([status, body.error.code]).toEqual([400, "VALIDATION_ERROR"]);
});

it("refuses bodies that are no JSON, too deep or too long, without a fault", async () => {
  const admin = await openTestAdmin();
  const { id } = await makeDeadLetter(admin.queue);
  const headers = { authorization: "Bearer an-admin-token-for-tests" };
  const deep = `{"payload":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  for (const [body, status] of [
    ["{", 400],
    [" ", 400],
    [deep, 400],
    [JSON.stringify({ notes: "x".repeat(300_000) }), 413],
  ] as const) {
    const response = await admin.send(`/admin/dead-letters/${id}`, { method: "PATCH", headers, body });
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty("error.code");
  }
});
