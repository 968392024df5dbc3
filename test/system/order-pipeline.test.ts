import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { extractText, getDocumentProxy } from "unpdf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MailServer } from "./mail-server.ts";
import { type OrderView, Pipeline } from "./pipeline.ts";
import { reconcileNow } from "./shop-time.ts";
import { until } from "./until.ts";
import { WebhookReceiver } from "./webhook-receiver.ts";

interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details?: readonly { readonly field: string; readonly message: string }[];
  };
}

interface ProductList {
  readonly products: readonly { readonly id: string; readonly stock: number; readonly available: number }[];
}

const mail = new MailServer();
const receiver = new WebhookReceiver();
let pipeline: Pipeline;
let webhookSecret: string;

beforeAll(async () => {
  await mail.start();
  await receiver.start();
  pipeline = await Pipeline.create({ SMTP_URL: mail.url });
  await pipeline.startAll();
  const registered = await pipeline.api<{ secret: string }>("POST", "/webhook-endpoints", {
    url: receiver.url,
  });
  expect(registered.status).toBe(201);
  webhookSecret = registered.body.secret;
});

afterAll(async () => {
  await pipeline.dispose();
  await Promise.all([mail.stop(), receiver.stop()]);
});

async function product(id: string): Promise<ProductList["products"][number]> {
  const { body } = await pipeline.api<ProductList>("GET", "/products");
  const found = body.products.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`There is no product ${id}`);
  return found;
}

function untilCompleted(id: string): Promise<OrderView> {
  return until(
    async () => {
      const order = await pipeline.order(id);
      return order.status === "completed" && order;
    },
    () => `order ${id} completed\n${pipeline.tail()}`,
  );
}

describe("one order from POST to invoice", () => {
  let order: OrderView;
  let stockBefore: number;

  beforeAll(async () => {
    stockBefore = (await product("prod-1")).stock;
    const placed = await pipeline.postOrder({
      userId: "ada",
      email: "ada@example.com",
      items: [
        { productId: "prod-1", quantity: 2 },
        { productId: "prod-2", quantity: 1 },
        { productId: "prod-1", quantity: 1 },
      ],
      paymentToken: "tok_ok",
    });
    expect(placed.status, JSON.stringify(placed.body)).toBe(201);
    order = await untilCompleted(placed.body.id);
  });

  it("R22: lines of one product are merged and priced from our table", () => {
    expect(order.items).toEqual([
      expect.objectContaining({ productId: "prod-1", quantity: 3, priceCents: 8999 }),
      expect.objectContaining({ productId: "prod-2", quantity: 1, priceCents: 3499 }),
    ]);
    expect(order.totalCents).toBe(3 * 8999 + 3499);
  });

  it("R24: the confirmation reaches the customer over SMTP, once", () => {
    const received = mail.to("ada@example.com");
    expect(received).toHaveLength(1);
    expect(received[0]?.raw).toContain(order.id);
    expect(received[0]?.raw).toContain("Mechanical Keyboard");
    expect(received[0]?.raw).toContain("304.96");
  });

  it("R24: the invoice is a PDF that names the order, its lines and its total", async () => {
    const folder = join(pipeline.folder, "invoices");
    const file = (await readdir(folder)).find((name) => name.includes(order.id));
    const bytes = await readFile(join(folder, file ?? "no invoice of this order"));
    expect(bytes.subarray(0, 5).toString()).toBe("%PDF-");
    const { text } = await extractText(await getDocumentProxy(new Uint8Array(bytes)), { mergePages: true });
    for (const part of [order.id, "Mechanical Keyboard", "USB-C Hub", "$304.96"])
      expect(text).toContain(part);
  });

  it("R23: stock and reservation go down together, once", async () => {
    const after = await product("prod-1");
    expect(after.stock).toBe(stockBefore - 3);
    expect(after.available).toBe(after.stock);
  });

  it("Exercise: the order workflow runs step by step", () => {
    expect(order.jobs.map(({ type, status, attempts }) => [type, status, attempts])).toEqual([
      ["send_order_confirmation", "completed", 1],
      ["send_followup_email", "scheduled", 0],
      ["generate_invoice", "completed", 1],
      ["sync_inventory", "completed", 1],
      expect.arrayContaining(["notify_warehouse"]),
      expect.arrayContaining(["send_webhook"]),
    ]);
  });

  it("R14: workflow_jobs has all jobs of the order in one query, complete but for the detached one", async () => {
    const open = await until(() => {
      const rows = pipeline.rows<{ type: string; status: string; detached: number }>(
        "SELECT type, status, detached FROM workflow_jobs WHERE workflow_id = ? ORDER BY seq",
        order.workflowId,
      );
      const unfinished = rows.filter(({ status }) => status !== "completed");
      return rows.length === 6 && unfinished.length === 1 && unfinished;
    }, "every job of the workflow but one completed");
    expect(open).toEqual([{ type: "send_followup_email", status: "scheduled", detached: 1 }]);
  });

  it("R25: the webhook is delivered and its signature holds", async () => {
    const delivered = await until(
      () => receiver.received.find(({ body }) => body.includes(order.id)),
      "the webhook of the order",
    );
    const headers = Object.fromEntries(
      ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => [
        name,
        String(delivered.headers[name]),
      ]),
    );
    const event = new Webhook(webhookSecret).verify(delivered.body, headers);
    expect(event).toMatchObject({ type: "order.completed", data: { id: order.id } });
    expect(() => new Webhook(webhookSecret).verify(`${delivered.body} `, headers)).toThrow(/signature/i);
  });

  it("R23: the warehouse is told what to pack", async () => {
    const notice = await until(
      () =>
        pipeline.rows<{ lines: string }>(
          "SELECT lines FROM warehouse_notices WHERE order_id = ?",
          order.id,
        )[0],
      "the warehouse notice",
    );
    expect(notice.lines).toContain("prod-1");
  });

  it("R18: the operator sees the order's work in the statistics", async () => {
    const { status, body } = await pipeline.admin<{
      queue: { completedLastHour: number; scheduled: number };
    }>("GET", "/admin/queue/stats");
    expect(status).toBe(200);
    expect(body.queue.completedLastHour).toBeGreaterThanOrEqual(4);
    expect(body.queue.scheduled).toBeGreaterThanOrEqual(1);
  });
});

describe("orders that are refused", () => {
  const good = { userId: "bob", items: [{ productId: "prod-2", quantity: 1 }], paymentToken: "tok_ok" };

  it("R22: a declined card answers 402; the order stays without jobs and its stock is free again", async () => {
    const before = await product("prod-2");
    const declined = await pipeline.postOrder({ ...good, userId: "declined", paymentToken: "tok_declined" });
    expect(declined.status).toBe(402);
    expect((declined.body as unknown as ErrorBody).error.code).toBe("PAYMENT_DECLINED");
    const [order] = pipeline.rows<{ status: string; workflow_id: string }>(
      "SELECT status, workflow_id FROM orders WHERE user_id = 'declined'",
    );
    expect(order?.status).toBe("payment_failed");
    const jobs = pipeline.rows("SELECT type FROM workflow_jobs WHERE workflow_id = ?", order?.workflow_id);
    expect(jobs).toEqual([]);
    expect((await product("prod-2")).available).toBe(before.available);
  });

  it("R22: a product that is sold out answers 409 and reserves nothing", async () => {
    const before = await product("prod-3");
    const items = [
      { productId: "prod-2", quantity: 1 },
      { productId: "prod-3", quantity: before.available + 1 },
    ];
    const soldOut = await pipeline.postOrder({ ...good, items });
    expect(soldOut.status).toBe(409);
    expect((soldOut.body as unknown as ErrorBody).error.code).toBe("OUT_OF_STOCK");
    expect((await product("prod-3")).available).toBe(before.available);
  });

  it.each([
    ["a quantity of zero", { ...good, items: [{ productId: "prod-2", quantity: 0 }] }, "items.0.quantity"],
    ["an unknown product", { ...good, items: [{ productId: "nope", quantity: 1 }] }, "items.0.productId"],
    ["no user", { ...good, userId: undefined }, "userId"],
    ["no items", { ...good, items: [] }, "items"],
    ["no payment token", { ...good, paymentToken: "" }, "paymentToken"],
  ])("R22: %s answers 400 and names the field", async (_what, body, field) => {
    const refused = await pipeline.postOrder(body);
    expect(refused.status).toBe(400);
    const { error } = refused.body as unknown as ErrorBody;
    expect(error.code).toBe("VALIDATION_ERROR");
    expect(error.details?.map((detail) => detail.field)).toContain(field);
  });

  it("R22: a gateway that charges nothing answers 503 and cancels the order", async () => {
    const unavailable = await pipeline.postOrder({ ...good, userId: "unlucky", paymentToken: "tok_error" });
    expect(unavailable.status).toBe(503);
    expect((unavailable.body as unknown as ErrorBody).error.code).toBe("PAYMENT_UNAVAILABLE");
    expect(pipeline.rows("SELECT status FROM orders WHERE user_id = 'unlucky'")).toEqual([
      { status: "cancelled" },
    ]);
  });

  it("R22: a charge whose outcome is unknown answers 202 and is closed by the reconciler", async () => {
    const unknown = await pipeline.postOrder({ ...good, userId: "carol", paymentToken: "tok_timeout" });
    expect(unknown.status).toBe(202);
    expect(unknown.body.status).toBe("payment_unknown");
    await reconcileNow(pipeline);
    const order = await untilCompleted(unknown.body.id);
    expect(order.jobs.map(({ type }) => type)).toContain("generate_invoice");
    const charges = pipeline.rows<{ n: number }>(
      `SELECT count(*) AS n FROM simulated_charges c JOIN payment_intents p USING (idempotency_key)
       WHERE p.order_id = ?`,
      order.id,
    );
    expect(charges).toEqual([{ n: 1 }]);
  });

  it("the same Idempotency-Key answers the same order; another body answers 422", async () => {
    const headers = { "idempotency-key": "system-test-1" };
    const first = await pipeline.postOrder(good, headers);
    const again = await pipeline.postOrder(good, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body.id).toBe(first.body.id);
    const other = await pipeline.postOrder({ ...good, userId: "mallory" }, headers);
    expect(other.status).toBe(422);
  });
});

describe("mail that fails", () => {
  it("R5: a confirmation that fails twice goes through the third time", async () => {
    mail.refuse("flaky@example.com", 2);
    const placed = await pipeline.postOrder({
      userId: "flaky",
      items: [{ productId: "prod-2", quantity: 1 }],
      paymentToken: "tok_ok",
    });
    const order = await untilCompleted(placed.body.id);
    const confirmation = order.jobs.find(({ type }) => type === "send_order_confirmation");
    expect(confirmation).toMatchObject({ status: "completed", attempts: 3 });
    expect(confirmation?.lastError).toMatch(/451|busy/i);
    expect(mail.to("flaky@example.com")).toHaveLength(1);
  });

  it("Exercise: with conditional chaining a failing confirmation lets invoice and inventory go on", async () => {
    mail.refuse("never@example.com", Number.POSITIVE_INFINITY);
    const placed = await pipeline.postOrder({
      userId: "never",
      items: [{ productId: "prod-2", quantity: 1 }],
      paymentToken: "tok_ok",
    });
    // Out of attempts, the confirmation is dead; invoice and inventory complete the order all the same.
    const order = await untilCompleted(placed.body.id);
    const dead = await until(async () => {
      const { body } = await pipeline.admin<{
        items: { id: string; originalJobId: string; attempts: number }[];
      }>("GET", "/admin/dead-letters?type=send_order_confirmation");
      return body.items[0];
    }, "the dead confirmation");
    expect(dead.attempts).toBe(5);
    expect(order.jobs.filter(({ type }) => type === "generate_invoice")).toHaveLength(1);
    expect(order.jobs.find(({ type }) => type === "send_order_confirmation")).toMatchObject({
      id: dead.originalJobId,
      status: "failed",
    });

    mail.refuse("never@example.com", 0);
    const retried = await pipeline.admin<{ id: string }>("POST", `/admin/dead-letters/${dead.id}/retry`);
    expect(retried.status).toBe(200);
    expect(retried.body.id).toBe(dead.originalJobId);
    await until(() => mail.to("never@example.com").length === 1, "the confirmation after the retry");
    const after = await until(async () => {
      const view = await pipeline.order(order.id);
      const confirmation = view.jobs.find(({ type }) => type === "send_order_confirmation");
      return confirmation?.status === "completed" && view;
    }, "the retried confirmation completed");
    expect(after.jobs.filter(({ type }) => type === "generate_invoice")).toHaveLength(1);
    expect(after.jobs.filter(({ type }) => type === "sync_inventory")).toHaveLength(1);
  });
});
