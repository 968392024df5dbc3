import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { makeDeadLetter, openTestAdmin, type TestAdmin, TOKEN } from "../open-test-admin.ts";

/** Holds the write lock, as another program would. */
function lock({ folder }: TestAdmin): () => void {
  const database = new Database(join(folder, "shop.db"));
  database.exec("BEGIN IMMEDIATE");
  return () => database.close();
}

/** A request for every route that changes something, which would go through if the database were free. */
async function changes(
  admin: TestAdmin,
): Promise<Readonly<Record<string, { path: string; body?: unknown }>>> {
  const [retried, discarded, edited, putBack, erased] = [
    await makeDeadLetter(admin.queue),
    await makeDeadLetter(admin.queue),
    await makeDeadLetter(admin.queue),
    await makeDeadLetter(admin.queue),
    await makeDeadLetter(admin.queue),
  ];
  const audit = { actor: "ann", action: "discard", subject: "a dead letter", detail: null };
  for (const { id } of [putBack, erased]) await admin.queue.store.discard(id, audit);
  await admin.queue.registerCron("reconcile_payments", "0 0 1 1 *", { id: "yearly" });
  await admin.queue.registerCron("reconcile_payments", "0 0 1 * *", { id: "monthly" });
  await admin.queue.syncLimits({ email: { concurrency: 1 } });
  const job = await admin.queue.enqueueDelayed("reconcile_payments", {}, 60_000);
  const workflowId = await admin.queue.startWorkflow("reconcile_payments", {}, { delayMs: 60_000 });
  return {
    "POST /admin/workflows/:id/retry": { path: `/admin/workflows/${workflowId}/retry` },
    "POST /admin/workflows/:id/cancel": { path: `/admin/workflows/${workflowId}/cancel` },
    "POST /admin/jobs/:id/cancel": { path: `/admin/jobs/${job.id}/cancel` },
    "POST /admin/jobs/:id/decrypt": { path: `/admin/jobs/${job.id}/decrypt` },
    "POST /admin/dead-letters/:id/decrypt": { path: `/admin/dead-letters/${edited.id}/decrypt` },
    "POST /admin/dead-letters/:id/retry": { path: `/admin/dead-letters/${retried.id}/retry` },
    "POST /admin/dead-letters/:id/discard": { path: `/admin/dead-letters/${discarded.id}/discard` },
    "POST /admin/discarded/:id/put-back": { path: `/admin/discarded/${putBack.id}/put-back` },
    "DELETE /admin/discarded/:id": { path: `/admin/discarded/${erased.id}` },
    "PATCH /admin/dead-letters/:id": { path: `/admin/dead-letters/${edited.id}`, body: { reviewed: true } },
    "POST /admin/dead-letters/retry": { path: "/admin/dead-letters/retry", body: {} },
    "POST /admin/queue/pause": { path: "/admin/queue/pause", body: { type: "sync_inventory" } },
    "POST /admin/queue/resume": { path: "/admin/queue/resume", body: { type: "sync_inventory" } },
    "PUT /admin/limits/:name": { path: "/admin/limits/sync_inventory", body: { concurrency: 1 } },
    "PUT /admin/group-weights": { path: "/admin/group-weights", body: { groupKey: "acme", weight: 2 } },
    "DELETE /admin/limits/:name": { path: "/admin/limits/sync_inventory" },
    "POST /admin/limits/:name/reset": { path: "/admin/limits/email/reset" },
    "POST /admin/schedules/:id/pause": { path: "/admin/schedules/yearly/pause" },
    "POST /admin/schedules/:id/resume": { path: "/admin/schedules/yearly/resume" },
    "PATCH /admin/schedules/:id": { path: "/admin/schedules/yearly", body: { timeZone: "Asia/Tokyo" } },
    "DELETE /admin/schedules/:id": { path: "/admin/schedules/monthly" },
    "POST /admin/schedules/:id/run": { path: "/admin/schedules/yearly/run" },
    "POST /login": { path: `/login?token=${TOKEN}` },
    "POST /admin/logout": { path: "/admin/logout" },
  };
}

it("every change is refused with 503, Retry-After and the one envelope, and made when the lock is gone", async () => {
  const admin = await openTestAdmin({ busyMs: 0, mayDecrypt: true });
  const requests = await changes(admin);
  const changing = admin.app.routes
    .filter(({ method }) => method !== "GET")
    .map((r) => `${r.method} ${r.path}`);
  expect(Object.keys(requests).toSorted(), "a request for every route that changes something").toEqual(
    changing.toSorted(),
  );
  const send = async ([route, { path, body }]: [string, { path: string; body?: unknown }]) => {
    const method = route.split(" ")[0] ?? "";
    if (route !== "POST /login") return await admin.asOperator(path, { method, body });
    const form = new URLSearchParams({ token: TOKEN });
    return await admin.send("/login", { method, body: form, headers: { origin: admin.url } });
  };
  const unlock = lock(admin);
  for (const entry of Object.entries(requests)) {
    const response = await send(entry);
    expect([entry[0], response.status, response.headers.get("retry-after")]).toEqual([entry[0], 503, "2"]);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error).toMatchObject({ code: "STORE_BUSY", message: expect.stringContaining("try again") });
  }
  expect((await admin.send("/health")).status).toBe(200);
  expect((await admin.asOperator("/admin/jobs")).status).toBe(200);

  unlock();
  for (const entry of Object.entries(requests)) {
    expect([entry[0], (await send(entry)).status < 400]).toEqual([entry[0], true]);
  }
  const told = admin.logged.map((line) => JSON.parse(line).msg).filter((msg) => msg.includes("the database"));
  expect(told).toEqual(["using the database failed, will try again", "using the database works again"]);
});
