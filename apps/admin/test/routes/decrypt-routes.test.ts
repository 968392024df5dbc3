import { createKeyring, createQueue, defineJob } from "@holdfast/queue-core";
import type { ShopQueue, ShopStore } from "@holdfast/services";
import { expect, it } from "vitest";
import { z } from "zod";
import { openTestAdmin, type TestAdmin } from "../open-test-admin.ts";
import { IBAN, payoutQueue } from "../payout-queue.ts";

const KEY = { id: "2026-11", secret: Buffer.alloc(32, 3) };

type AuditTables = { audit_log: { n: number; actor: string; action: string; subject: string } };

/** A dead letter and a completed job, both encrypted. */
async function fill(admin: TestAdmin): Promise<{ readonly deadId: string; readonly jobId: string }> {
  const queue = payoutQueue(admin.queue.store);
  await queue.enqueue("pay_out", { iban: IBAN });
  const failing = await queue.dequeue("worker-1");
  if (failing) await queue.failJob(failing, new Error(`no account ${IBAN}`));
  const { id: jobId } = await queue.enqueue("pay_out", { iban: IBAN });
  const running = await queue.dequeue("worker-1");
  if (running) await queue.completeJob(running, { paid: IBAN });
  await queue.registerCron("pay_out", "0 0 * * *", { payload: { iban: IBAN } });
  const { items } = await queue.store.listDeadLetters({ limit: 1 });
  return { deadId: items[0]?.id ?? "", jobId };
}

const asShop = (store: ShopStore): ShopQueue => payoutQueue(store) as unknown as ShopQueue;

it("shows encrypted jobs with the key's id alone, in lists and single", async () => {
  const admin = await openTestAdmin({ queueOf: asShop });
  const { deadId, jobId } = await fill(admin);
  const paths = ["jobs", `jobs/${jobId}`, "dead-letters", `dead-letters/${deadId}`, "failures", "schedules"];
  for (const path of paths) {
    const text = await (await admin.asOperator(`/admin/${path}`)).text();
    expect(text, path).toContain("2026-11");
    expect(text, path).not.toContain("sealed");
    expect(text, path).not.toContain(IBAN);
  }
  expect(await (await admin.asOperator(`/admin/dead-letters/${deadId}`)).json()).toMatchObject({
    payload: { encryptedWithKey: "2026-11" },
    presentPayload: null,
    lastError: "Error: (encrypted with key 2026-11)",
    keyId: "2026-11",
  });
});

it("decrypts nothing where that is not allowed, whoever asks", async () => {
  const admin = await openTestAdmin({ queueOf: asShop });
  const { deadId, jobId } = await fill(admin);
  for (const path of [`/admin/jobs/${jobId}/decrypt`, `/admin/dead-letters/${deadId}/decrypt`]) {
    const refused = await admin.asOperator(path, { method: "POST" });
    expect(refused.status).toBe(403);
    expect((await refused.json()).error).toMatchObject({
      code: "DECRYPTION_FORBIDDEN",
      message: expect.stringContaining("ADMIN_MAY_DECRYPT=1"),
    });
    expect((await admin.send(path, { method: "POST" })).status).toBe(401);
  }
});

it("decrypts where it is allowed, and notes who asked before it answers", async () => {
  const admin = await openTestAdmin({ queueOf: asShop, mayDecrypt: true });
  const { deadId, jobId } = await fill(admin);
  const ofJob = await admin.asOperator(`/admin/jobs/${jobId}/decrypt`, { method: "POST" });
  expect(ofJob.headers.get("cache-control")).toBe("no-store");
  expect(await ofJob.json()).toMatchObject({ payload: { iban: IBAN }, result: { paid: IBAN } });
  const ofDead = await admin.asOperator(`/admin/dead-letters/${deadId}/decrypt`, { method: "POST" });
  expect(await ofDead.json()).toMatchObject({
    payload: { iban: IBAN },
    presentPayload: { iban: IBAN },
    lastError: `Error: no account ${IBAN}`,
    history: [{ error: `Error: no account ${IBAN}` }],
  });
  const lines = await admin.queue.store.read
    .$extendTables<AuditTables>()
    .selectFrom("audit_log")
    .select(["actor", "action", "subject"])
    .where("action", "like", "%decrypt")
    .orderBy("n")
    .execute();
  expect(lines).toEqual([
    { actor: "operator (token)", action: "job.decrypt", subject: jobId },
    { actor: "operator (token)", action: "dead_letter.decrypt", subject: deadId },
  ]);
  for (const missing of ["jobs", "dead-letters"])
    expect((await admin.asOperator(`/admin/${missing}/none/decrypt`, { method: "POST" })).status).toBe(404);
});

it("stores an edited payload encrypted, and shows it so", async () => {
  const admin = await openTestAdmin({ queueOf: asShop });
  const { deadId } = await fill(admin);
  const edited = await admin.asOperator(`/admin/dead-letters/${deadId}`, {
    method: "PATCH",
    body: { payload: { iban: `${IBAN}1` } },
  });
  expect(await edited.json()).toMatchObject({ payload: { encryptedWithKey: "2026-11" } });
  const dead = await admin.queue.store.getDeadLetter(deadId);
  expect(dead && payoutQueue(admin.queue.store).decrypt(dead).payload).toEqual({ iban: `${IBAN}1` });
});

it("says which key is missing where it has none", async () => {
  const keyless = (store: ShopStore) =>
    createQueue({
      store,
      jobs: [defineJob("pay_out", { payload: z.object({ iban: z.string() }), encrypted: true })],
      keyring: createKeyring([{ ...KEY, id: "another" }]),
    }) as unknown as ShopQueue;
  const admin = await openTestAdmin({ queueOf: keyless, mayDecrypt: true });
  const { jobId } = await fill(admin);
  const refused = await admin.asOperator(`/admin/jobs/${jobId}/decrypt`, { method: "POST" });
  expect(refused.status).toBe(409);
  expect((await refused.json()).error).toMatchObject({
    code: "ENCRYPTION_KEY_MISSING",
    message: expect.stringContaining('no key "2026-11" here'),
  });
});
