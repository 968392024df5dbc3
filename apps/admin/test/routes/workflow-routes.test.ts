import { expect, it } from "vitest";
import { openTestAdmin, type TestAdmin } from "../open-test-admin.ts";

const payload = { orderId: "ord-1", userId: "u" };

const start = ({ queue }: TestAdmin) =>
  queue.startWorkflowOf({
    invoice: { type: "generate_invoice", payload, maxAttempts: 1 },
    stock: { type: "sync_inventory", payload, after: "invoice" },
  });

async function jsonOf(admin: TestAdmin, path: string, method = "GET") {
  const response = await admin.asOperator(path, { method });
  return { status: response.status, body: await response.json() };
}

async function failNext({ queue }: TestAdmin): Promise<void> {
  const claimed = await queue.dequeue("worker-1");
  if (!claimed) throw new Error("nothing to claim");
  await queue.failJob(claimed, new Error("the disk is full"));
}

it("tells where a workflow stands, retries what failed, and cancels the rest", async () => {
  const admin = await openTestAdmin();
  const { workflowId } = await start(admin);
  const path = `/admin/workflows/${workflowId}`;
  expect(await jsonOf(admin, path)).toMatchObject({
    status: 200,
    body: { id: workflowId, status: "running", total: 2, byStatus: { pending: 1, waiting: 1 } },
  });
  await failNext(admin);
  expect((await jsonOf(admin, path)).body).toMatchObject({ status: "failed", progress: 1 });
  expect((await jsonOf(admin, `${path}/retry`, "POST")).body).toMatchObject({
    status: "running",
    progress: 0,
  });
  expect((await jsonOf(admin, `${path}/cancel`, "POST")).body).toMatchObject({
    status: "cancelled",
    progress: 1,
  });
});

it("answers 409 when a cancelled one is to be retried, 404 when there is none", async () => {
  const admin = await openTestAdmin();
  const { workflowId } = await start(admin);
  await jsonOf(admin, `/admin/workflows/${workflowId}/cancel`, "POST");
  const retried = await jsonOf(admin, `/admin/workflows/${workflowId}/retry`, "POST");
  expect([retried.status, retried.body.error.code]).toEqual([409, "JOB_STATE_CONFLICT"]);
  expect((await jsonOf(admin, "/admin/workflows/wf-nobody")).status).toBe(404);
  for (const verb of ["retry", "cancel"])
    expect((await jsonOf(admin, `/admin/workflows/wf-nobody/${verb}`, "POST")).status).toBe(404);
});
