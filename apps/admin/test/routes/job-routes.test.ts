import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin, type TestAdmin } from "../open-test-admin.ts";

async function jsonOf(admin: TestAdmin, path: string, method = "GET") {
  const response = await admin.asOperator(path, { method });
  return { status: response.status, body: await response.json() };
}

it("lists jobs newest first, page by page, each once", async () => {
  const admin = await openTestAdmin();
  const payloads = Array.from({ length: 5 }, (_, n) => ({ orderId: `ord-${n}`, userId: "u" }));
  const made = await admin.queue.enqueueMany("sync_inventory", payloads);
  const seen: string[] = [];
  let cursor = "";
  do {
    const { body } = await jsonOf(admin, `/admin/jobs?limit=2${cursor}`);
    seen.push(...body.items.map((job: { id: string }) => job.id));
    cursor = body.nextCursor === null ? "" : `&cursor=${body.nextCursor}`;
  } while (cursor !== "");
  expect(seen).toEqual(made.map(({ id }) => id).reverse());
});

it("filters by status, type and workflow", async () => {
  const admin = await openTestAdmin();
  const workflow = await admin.queue.startWorkflow("sync_inventory", { orderId: "a", userId: "u" });
  await makeDeadLetter(admin.queue);
  await admin.queue.enqueue("notify_warehouse", { orderId: "b", userId: "u" });
  const typesAt = async (query: string): Promise<string[]> =>
    (await jsonOf(admin, `/admin/jobs?${query}`)).body.items.map((job: { type: string }) => job.type);
  expect(await typesAt("status=pending")).toEqual(["notify_warehouse", "sync_inventory"]);
  expect(await typesAt("status=failed")).toEqual(["generate_invoice"]);
  expect(await typesAt("type=notify_warehouse")).toEqual(["notify_warehouse"]);
  expect(await typesAt(`workflow=${workflow}`)).toEqual(["sync_inventory"]);
});

it("shows one job with the history of its runs", async () => {
  const admin = await openTestAdmin();
  const { id } = await admin.queue.enqueue("sync_inventory", { orderId: "ord-1", userId: "u" });
  const claimed = await admin.queue.dequeue("worker-1");
  if (!claimed) throw new Error("nothing to claim");
  await admin.queue.failJob(claimed, new Error("warehouse is closed"));
  const { body } = await jsonOf(admin, `/admin/jobs/${id}`);
  expect(body).toMatchObject({
    id,
    status: "scheduled",
    attempts: 1,
    payload: { orderId: "ord-1", userId: "u" },
  });
  expect(body.history).toEqual([
    expect.objectContaining({ attempt: 1, outcome: "failed", workerId: "worker-1" }),
  ]);
  expect(body.history[0].error).toContain("warehouse is closed");
});

it("cancels a job that has not run, and flags one that runs", async () => {
  const admin = await openTestAdmin();
  const waiting = await admin.queue.enqueue("sync_inventory", { orderId: "a", userId: "u" });
  expect(await jsonOf(admin, `/admin/jobs/${waiting.id}/cancel`, "POST")).toEqual({
    status: 200,
    body: { id: waiting.id, status: "cancelled" },
  });
  const running = await admin.queue.enqueue("sync_inventory", { orderId: "b", userId: "u" });
  await admin.queue.dequeue("worker-1");
  expect((await jsonOf(admin, `/admin/jobs/${running.id}/cancel`, "POST")).body.status).toBe("processing");
});

it("answers 409 when a job can no longer be cancelled, 404 when there is none", async () => {
  const admin = await openTestAdmin();
  const { id } = await admin.queue.enqueue("sync_inventory", { orderId: "a", userId: "u" });
  await jsonOf(admin, `/admin/jobs/${id}/cancel`, "POST");
  const again = await jsonOf(admin, `/admin/jobs/${id}/cancel`, "POST");
  expect([again.status, again.body.error.code]).toEqual([409, "JOB_STATE_CONFLICT"]);
  for (const path of ["/admin/jobs/nothing", "/admin/jobs/00000000000-000000000000"]) {
    expect((await jsonOf(admin, path)).status).toBe(404);
    expect((await jsonOf(admin, `${path}/cancel`, "POST")).status).toBe(404);
  }
});

it.each([
  "limit=0",
  "limit=201",
  "limit=x",
  "limit=1&limit=2",
  "status=done",
  "type=';DROP TABLE job;--",
  "type=%0d%0aset-cookie:x",
  "cursor=%00",
  "cursor=..%2f..",
  "workflow=a%20b",
])("answers 400 to ?%s and names the field", async (query) => {
  const admin = await openTestAdmin();
  const { status, body } = await jsonOf(admin, `/admin/jobs?${query}`);
  expect([status, body.error.code]).toEqual([400, "VALIDATION_ERROR"]);
  expect(body.error.details).toEqual([expect.objectContaining({ field: query.split("=")[0] })]);
});

it.each(["/admin/jobs?cursor=zzz-zzz", "/admin/jobs?cursor=_", "/admin/dead-letters?cursor=-"])(
  "answers 400 to %s, which is from no list",
  async (path) => {
    const admin = await openTestAdmin();
    const { status, body } = await jsonOf(admin, path);
    expect([status, body.error.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(body.error.message).toContain("nextCursor");
  },
);

it("takes no notice of a parameter that it does not know", async () => {
  const admin = await openTestAdmin();
  expect((await jsonOf(admin, "/admin/jobs?nothing=1")).status).toBe(200);
});

it("cuts fields too long for a list and says which; the single resource has them whole", async () => {
  const admin = await openTestAdmin();
  const error = new Error("x".repeat(20_000));
  const { id, originalJobId } = await makeDeadLetter(admin.queue, { orderId: "a" }, error);
  for (const [list, single] of [
    ["/admin/dead-letters", `/admin/dead-letters/${id}`],
    ["/admin/jobs", `/admin/jobs/${originalJobId}`],
  ] as const) {
    const [item] = (await jsonOf(admin, list)).body.items;
    expect(item.lastError).toHaveLength(4_096);
    expect(item.cut).toEqual(["lastError"]);
    expect((await jsonOf(admin, single)).body.lastError.length).toBeGreaterThan(20_000);
  }
});
