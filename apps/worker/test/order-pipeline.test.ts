import { readFileSync } from "node:fs";
import { join } from "node:path";
import { placeOrderLater, readOrder } from "@holdfast/services/orders";
import { registerWebhookEndpoint } from "@holdfast/services/webhooks";
import { extractText, getDocumentProxy } from "unpdf";
import { describe, expect, it } from "vitest";
import { openTestWorker, type TestWorker } from "./open-test-worker.ts";
import { startReceiver } from "./start-receiver.ts";

const DAY_MS = 24 * 60 * 60_000;

const statuses = async ({ shop }: TestWorker, orderId: string): Promise<Record<string, string>> => {
  const order = await readOrder(shop.store, orderId);
  const jobs = await shop.store.workflowJobs(order?.workflowId ?? "");
  return Object.fromEntries(jobs.map(({ type, status }) => [type, status]));
};

const completed = async (test: TestWorker, orderId: string) =>
  test.until(async () =>
    (await readOrder(test.shop.store, orderId))?.status === "completed" ? true : undefined,
  );

describe("Exercise: the order workflow", () => {
  it("R23: runs step by step, from the confirmation to the webhook, and a day later to the follow-up", async () => {
    const test = await openTestWorker();
    const receiver = await startReceiver();
    await registerWebhookEndpoint(test.shop, { requireHttps: false, allowPrivate: true }, receiver.url);
    const orderId = await test.order();
    await completed(test, orderId);
    await test.reaches("send_webhook", "completed");
    await test.reaches("notify_warehouse", "completed");

    expect(await statuses(test, orderId)).toEqual({
      send_order_confirmation: "completed",
      generate_invoice: "completed",
      sync_inventory: "completed",
      notify_warehouse: "completed",
      send_webhook: "completed",
      send_followup_email: "scheduled",
    });
    const [confirmation, ...others] = await test.outbox();
    expect(others).toEqual([]);
    expect(confirmation).toMatchObject({
      subject: `Your order ${orderId} is confirmed`,
      to: [{ address: "u1@example.com" }],
    });
    const file = readFileSync(join(test.folder, "invoices", `invoice-${orderId}.pdf`));
    const { text } = await extractText(await getDocumentProxy(new Uint8Array(file)), { mergePages: true });
    expect(text).toContain("Mechanical Keyboard");
    expect(text).toContain("$179.98");
    const product = await test.shop.store.read
      .selectFrom("products")
      .select(["stock", "reserved"])
      .where("id", "=", "prod-1")
      .executeTakeFirstOrThrow();
    expect(product).toEqual({ stock: 48, reserved: 0 });
    const notice = await test.shop.store.read
      .selectFrom("warehouse_notices")
      .selectAll()
      .executeTakeFirstOrThrow();
    expect(notice.order_id).toBe(orderId);
    expect(JSON.parse(notice.lines)).toEqual([
      { productId: "prod-1", name: "Mechanical Keyboard", quantity: 2 },
    ]);
    expect(receiver.bodies).toMatchObject([
      { type: "order.completed", data: { id: orderId, status: "completed" } },
    ]);

    test.clock.advance(DAY_MS);
    await test.reaches("send_followup_email", "completed");
    expect((await test.outbox()).map(({ subject }) => subject)).toContain(`How is your order ${orderId}?`);
  });

  it("R23: with the payment as a job runs the same steps", async () => {
    const test = await openTestWorker();
    const items = [{ productId: "prod-2", quantity: 1 }];
    const request = { userId: "u2", email: "u2@example.com", items, paymentToken: "tok_visa" };
    const { id } = await placeOrderLater(test.shop, request);
    await completed(test, id);
    expect(await test.reaches("process_order", "completed")).toMatchObject({
      result: { outcome: "succeeded" },
    });
    expect(await statuses(test, id)).toMatchObject({
      generate_invoice: "completed",
      sync_inventory: "completed",
    });
  });
});

describe("Exercise: a failing confirmation", () => {
  const failing = { SIM_EMAIL_FAILURE: "1" };

  it("R23: starts no children while it is being retried", async () => {
    const test = await openTestWorker({ variables: failing });
    await test.order();
    const confirmation = await test.reaches("send_order_confirmation", "scheduled");
    expect(confirmation).toMatchObject({
      attempts: 1,
      lastError: expect.stringContaining("SimulatedFailureError"),
    });
    expect(await test.jobsOf("generate_invoice")).toEqual([]);
    expect(await test.jobsOf("sync_inventory")).toEqual([]);
  });

  it("R23: once dead lets invoice and stock go on, and a later retry of it adds neither again", async () => {
    let isMailDown = true;
    const test = await openTestWorker({
      services: (services) => ({
        ...services,
        mailer: {
          ...services.mailer,
          send: (message, options) =>
            isMailDown
              ? Promise.reject(new Error("the mail server is down"))
              : services.mailer.send(message, options),
        },
      }),
    });
    const orderId = await test.order();
    for (let attempt = 1; attempt < 5; attempt++) {
      await test.until(async () => {
        const [job] = await test.jobsOf("send_order_confirmation");
        return job?.status === "scheduled" && job.attempts === attempt ? true : undefined;
      });
      test.clock.advance(600_000);
    }
    const dead = await test.dies("send_order_confirmation");
    expect(dead).toMatchObject({ reason: "attempts_exhausted", attempts: 5 });
    await completed(test, orderId);

    isMailDown = false;
    await test.shop.store.revive(dead.id);
    await test.reaches("send_order_confirmation", "completed");
    expect(await test.outbox()).toHaveLength(1);
    expect(await test.jobsOf("generate_invoice")).toHaveLength(1);
    expect(await test.jobsOf("sync_inventory")).toHaveLength(1);
  });
});
