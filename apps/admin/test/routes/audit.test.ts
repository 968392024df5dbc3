import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin } from "../open-test-admin.ts";

// A type, as Kysely asks for an index signature.
type AuditTables = {
  audit_log: { n: number; at: number; actor: string; action: string; subject: string; detail: string | null };
};

it("every action of an operator leaves a line that says who did what to which", async () => {
  const { queue, asOperator, send, url, logIn } = await openTestAdmin();
  const edited = await makeDeadLetter(queue, { orderId: "a" });
  const retried = await makeDeadLetter(queue, { orderId: "b" });
  const discarded = await makeDeadLetter(queue, { orderId: "c" });
  const job = await queue.enqueue("sync_inventory", { orderId: "d", userId: "u" });

  const cookie = await logIn();
  const fromPage = { method: "POST", headers: { cookie, origin: url } };
  const body = { reviewed: true, notes: "n" };
  await asOperator(`/admin/dead-letters/${edited.id}`, { method: "PATCH", body });
  await asOperator(`/admin/dead-letters/${retried.id}/retry`, { method: "POST" });
  await asOperator(`/admin/dead-letters/${discarded.id}/discard`, { method: "POST" });
  await asOperator(`/admin/discarded/${discarded.id}/put-back`, { method: "POST" });
  await asOperator(`/admin/dead-letters/${discarded.id}/discard`, { method: "POST" });
  await asOperator(`/admin/discarded/${discarded.id}`, { method: "DELETE" });
  await send(`/admin/jobs/${job.id}/cancel`, fromPage);
  await queue.registerCron("cleanup_completed_jobs", "0 3 * * *");
  await asOperator("/admin/schedules/cleanup_completed_jobs/run", { method: "POST" });
  for (const verb of ["pause", "resume"])
    await asOperator(`/admin/schedules/cleanup_completed_jobs/${verb}`, { method: "POST" });
  const change = { expression: "0 4 * * *", version: 3 };
  await asOperator("/admin/schedules/cleanup_completed_jobs", { method: "PATCH", body: change });
  await asOperator("/admin/dead-letters/retry", { method: "POST", body: { type: "generate_invoice" } });
  const workflowId = await queue.startWorkflow("sync_inventory", { orderId: "e", userId: "u" });
  await asOperator(`/admin/workflows/${workflowId}/retry`, { method: "POST" });
  await asOperator(`/admin/workflows/${workflowId}/cancel`, { method: "POST" });
  await asOperator("/admin/queue/pause", { method: "POST", body: { type: "sync_inventory" } });
  await asOperator("/admin/queue/resume", { method: "POST", body: { type: "sync_inventory" } });
  await asOperator("/admin/queue/pause", { method: "POST", body: {} });
  await queue.syncLimits({ sync_inventory: { concurrency: 2 } });
  const limit = "/admin/limits/sync_inventory";
  await asOperator(limit, { method: "PUT", body: { concurrency: 1 } });
  await asOperator(limit, { method: "DELETE" });
  await asOperator(`${limit}/reset`, { method: "POST" });
  await asOperator("/admin/group-weights", { method: "PUT", body: { groupKey: "acme", weight: 2 } });
  await send("/admin/logout", fromPage);

  const lines = await queue.store.read
    .$extendTables<AuditTables>()
    .selectFrom("audit_log")
    .select(["actor", "action", "subject"])
    .orderBy("n")
    .execute();
  expect(lines).toEqual([
    { actor: "operator (session)", action: "login", subject: "dashboard" },
    { actor: "operator (token)", action: "dead_letter.edit", subject: edited.id },
    { actor: "operator (token)", action: "dead_letter.retry", subject: retried.id },
    { actor: "operator (token)", action: "dead_letter.discard", subject: discarded.id },
    { actor: "operator (token)", action: "dead_letter.put_back", subject: discarded.id },
    { actor: "operator (token)", action: "dead_letter.discard", subject: discarded.id },
    { actor: "operator (token)", action: "dead_letter.erase", subject: discarded.id },
    { actor: "operator (session)", action: "job.cancel", subject: job.id },
    { actor: "operator (token)", action: "schedule.run", subject: "cleanup_completed_jobs" },
    { actor: "operator (token)", action: "schedule.pause", subject: "cleanup_completed_jobs" },
    { actor: "operator (token)", action: "schedule.resume", subject: "cleanup_completed_jobs" },
    { actor: "operator (token)", action: "schedule.edit", subject: "cleanup_completed_jobs" },
    { actor: "operator (token)", action: "dead_letter.retry_many", subject: "dead letters" },
    { actor: "operator (token)", action: "workflow.retry", subject: workflowId },
    { actor: "operator (token)", action: "workflow.cancel", subject: workflowId },
    { actor: "operator (token)", action: "queue.pause", subject: "sync_inventory" },
    { actor: "operator (token)", action: "queue.resume", subject: "sync_inventory" },
    { actor: "operator (token)", action: "queue.pause", subject: "queue" },
    { actor: "operator (token)", action: "limit.set", subject: "sync_inventory" },
    { actor: "operator (token)", action: "limit.lift", subject: "sync_inventory" },
    { actor: "operator (token)", action: "limit.reset", subject: "sync_inventory" },
    { actor: "operator (token)", action: "group.weight", subject: "acme" },
    { actor: "operator (session)", action: "logout", subject: "dashboard" },
  ]);
});

it("what nobody asks for, or what finds nothing, leaves none", async () => {
  const { queue, asOperator, send } = await openTestAdmin();
  await send("/login?token=wrong");
  await send("/admin/dead-letters/x/retry", { method: "POST" });
  await asOperator("/admin/dead-letters/x/retry", { method: "POST" });
  await asOperator("/admin/discarded/x/put-back", { method: "POST" });
  await asOperator("/admin/discarded/x", { method: "DELETE" });
  await asOperator("/admin/queue/pause", { method: "POST", body: { type: "none" } });
  await asOperator("/admin/queue/resume", { method: "POST", body: { type: "sync_inventory" } });
  const lines = await queue.store.read
    .$extendTables<AuditTables>()
    .selectFrom("audit_log")
    .selectAll()
    .execute();
  expect(lines).toEqual([]);
});
