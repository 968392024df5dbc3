import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin } from "../open-test-admin.ts";

const ORDER = { orderId: "ord-1", userId: "user-1" };

it("R18: the statistics of an empty queue", async () => {
  const { asOperator } = await openTestAdmin();
  expect(await (await asOperator("/admin/queue/stats")).json()).toEqual({
    queue: {
      pending: 0,
      processing: 0,
      completedLastHour: 0,
      failed: 0,
      oldestPending: null,
      scheduled: 0,
      waiting: 0,
      processingRatePerMinute: 0,
      failureRate: null,
    },
    paused: { queueSince: null, types: [] },
    unread: [],
    deadLetterQueue: { unreviewed: 0 },
    byType: [],
  });
});

it("R18: the statistics count by state and type, with times in ISO 8601", async () => {
  const { asOperator, queue } = await openTestAdmin();
  await makeDeadLetter(queue);
  await queue.enqueue("sync_inventory", ORDER);
  await queue.enqueueDelayed("send_followup_email", ORDER, 60_000);
  const claimed = await queue.dequeue("worker-1", { types: ["sync_inventory"] });
  if (!claimed) throw new Error("nothing to claim");
  await queue.completeJob(claimed);
  await queue.enqueue("sync_inventory", { ...ORDER, orderId: "ord-2" });

  const stats = await (await asOperator("/admin/queue/stats")).json();
  expect(stats).toMatchObject({
    queue: { pending: 1, processing: 0, scheduled: 1, completedLastHour: 1, failed: 1, failureRate: 0.5 },
    deadLetterQueue: { unreviewed: 1 },
  });
  expect(stats.queue.oldestPending).toBe(new Date(stats.queue.oldestPending).toISOString());
  expect(stats.byType).toEqual(
    expect.arrayContaining([
      { type: "sync_inventory", status: "pending", count: 1 },
      { type: "sync_inventory", status: "completed", count: 1 },
      { type: "generate_invoice", status: "failed", count: 1 },
      { type: "send_followup_email", status: "scheduled", count: 1 },
    ]),
  );
});

it("R19: the queue's health, and that of the process for probes", async () => {
  const { asOperator, send, queue } = await openTestAdmin();
  expect(await (await asOperator("/admin/queue/health")).json()).toEqual({ status: "healthy", issues: [] });
  for (let n = 0; n < 11; n += 1) await makeDeadLetter(queue, { orderId: `ord-${n}` });
  expect(await (await asOperator("/admin/queue/health")).json()).toMatchObject({ status: "degraded" });
  const probe = await send("/health");
  expect(probe.status).toBe(200);
  expect(await probe.json()).toMatchObject({ checks: { jobQueue: { status: "warning" } } });
});

it("R18: tells what happened by the minute, of all types or one", async () => {
  const { queue, asOperator, send } = await openTestAdmin();
  await queue.enqueue("sync_inventory", ORDER);
  const history = (query = "") => asOperator(`/admin/queue/history${query}`);
  const hour = await (await history()).json();
  expect(hour).toMatchObject({
    stepMinutes: 1,
    points: { length: 60 },
    total: { enqueued: 1, completed: 0 },
  });
  const day = await (await history("?minutes=1440&step=60&type=send_webhook")).json();
  expect(day).toMatchObject({ stepMinutes: 60, points: { length: 24 }, total: { enqueued: 0 } });
  for (const refused of ["?minutes=0", "?minutes=1441", "?step=61", "?step=x"])
    expect([refused, (await history(refused)).status]).toEqual([refused, 400]);
  expect((await history("?type=none")).status).toBe(409);
  expect((await send("/admin/queue/history")).status).toBe(401);
});

it("R19: a database that is gone answers 503 with the envelope or the report, never 200", async () => {
  const { queue, send, asOperator } = await openTestAdmin();
  await queue.store.close();
  expect((await send("/health")).status).toBe(503);
  const response = await asOperator("/admin/queue/stats");
  expect(response.status).toBeGreaterThanOrEqual(500);
  expect(await response.json()).toHaveProperty("error.code");
});

it("pauses and resumes one type or the whole queue, by an order that says which", async () => {
  const { asOperator, send, queue } = await openTestAdmin();
  const post = (verb: string, body?: unknown) => asOperator(`/admin/queue/${verb}`, { method: "POST", body });
  await queue.enqueue("sync_inventory", ORDER);
  const one = await post("pause", { type: "sync_inventory" });
  expect([one.status, await one.json()]).toEqual([
    200,
    { queueSince: null, types: [{ type: "sync_inventory", since: expect.stringMatching(/Z$/) }] },
  ]);
  expect(await queue.dequeue("worker-1")).toBeNull();
  expect(await (await post("pause", {})).json()).toMatchObject({ queueSince: expect.any(String) });
  expect(await (await post("resume", { type: "sync_inventory" })).json()).toMatchObject({ types: [] });
  expect(await queue.dequeue("worker-1")).toBeNull();
  expect(await (await post("resume", {})).json()).toEqual({ queueSince: null, types: [] });
  expect(await queue.dequeue("worker-1")).not.toBeNull();

  expect((await post("pause")).status).toBe(400);
  expect((await post("pause", { type: "none" })).status).toBe(409);
  expect((await post("pause", { typ: "sync_inventory" })).status).toBe(400);
  expect((await send("/admin/queue/pause", { method: "POST" })).status).toBe(401);
  expect(await queue.paused()).toEqual({ queueSince: null, types: [] });
});
