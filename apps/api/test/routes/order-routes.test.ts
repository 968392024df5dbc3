import { StoreBusyError, StoreUnavailableError } from "@holdfast/queue-core";
import { describe, expect, it } from "vitest";
import { goodOrder, openTestApi } from "../open-test-api.ts";

describe("POST /orders", () => {
  it("R22: 201 with the order and where it is to be found", async () => {
    const api = await openTestApi();
    const { status, headers, body } = await api.post("/orders", goodOrder);
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^ord-[0-9a-f]{11}-[0-9a-f]{16}$/),
      userId: "u1",
      email: "u1@example.com",
      status: "paid",
      currency: "USD",
      totalCents: 3_499,
      items: [{ productId: "prod-2", name: "USB-C Hub", quantity: 1, priceCents: 3_499 }],
      createdAt: "2026-01-01T00:00:00.000Z",
      workflowId: expect.stringMatching(/^wf-/),
    });
    expect(headers.get("location")).toBe(`/orders/${body.id}`);
    const found = await api.get(`/orders/${body.id}`);
    expect(found.status).toBe(200);
    expect(found.body).toMatchObject({
      ...body,
      jobs: [{ type: "send_order_confirmation" }, { type: "send_followup_email" }],
    });
  });

  it("R22: 202 for a charge whose outcome isn't known", async () => {
    const api = await openTestApi();
    const { status, body } = await api.post("/orders", { ...goodOrder, paymentToken: "tok_timeout" });
    expect([status, body.status]).toEqual([202, "payment_unknown"]);
  });

  it.each([
    ["tok_declined", 402, "PAYMENT_DECLINED", "payment_failed", null],
    ["tok_error", 503, "PAYMENT_UNAVAILABLE", "cancelled", "30"],
  ])("R22: with %s %i %s, and the order is kept as %s", async (token, status, code, kept, retryAfter) => {
    const api = await openTestApi();
    const answer = await api.post("/orders", { ...goodOrder, paymentToken: token });
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: { code, message: expect.any(String) } });
    expect(answer.headers.get("retry-after")).toBe(retryAfter);
    const { body } = await api.get(answer.headers.get("location") ?? "");
    expect(body.status).toBe(kept);
  });

  it("R22: 409 when more is ordered than is left", async () => {
    const api = await openTestApi();
    const items = [{ productId: "prod-3", quantity: 26 }];
    const { status, body } = await api.post("/orders", { ...goodOrder, items });
    expect(status).toBe(409);
    expect(body.error).toEqual({ code: "OUT_OF_STOCK", message: expect.stringContaining("prod-3") });
  });

  it.each([
    ["items.0.quantity", { items: [{ productId: "prod-1", quantity: 0 }] }],
    ["items.0.productId", { items: [{ productId: "prod-9", quantity: 1 }] }],
    ["items", { items: [] }],
    ["userId", { userId: undefined }],
    ["email", { email: "nobody" }],
    ["paymentToken", { paymentToken: "" }],
  ])("R22: 400 naming %s", async (field, change) => {
    const api = await openTestApi();
    const { status, body } = await api.post("/orders", { ...goodOrder, ...change });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        code: "VALIDATION_ERROR",
        message: expect.any(String),
        details: [{ field, message: expect.any(String) }],
      },
    });
  });

  it("R23: 202 at once for a client that doesn't want to wait for the payment", async () => {
    const api = await openTestApi();
    const { status, headers, body } = await api.post("/orders", goodOrder, {
      prefer: "wait=1, respond-async",
    });
    expect([status, body.status, headers.get("preference-applied")]).toEqual([
      202,
      "pending",
      "respond-async",
    ]);
    const found = await api.get(headers.get("location") ?? "");
    expect(found.body.jobs).toMatchObject([{ type: "process_order", status: "pending" }]);
  });

  it.each([
    [new StoreBusyError("locked"), "STORE_BUSY"],
    [new StoreUnavailableError("disk full"), "STORE_UNAVAILABLE"],
  ])("503 with Retry-After while the database cannot be written (%s)", async (error, code) => {
    const api = await openTestApi({
      shop: (shop) => ({
        ...shop,
        store: Object.create(shop.store, { transaction: { value: () => Promise.reject(error) } }),
      }),
    });
    const { status, headers, body } = await api.post("/orders", goodOrder);
    expect([status, body.error.code, headers.get("retry-after")]).toEqual([503, code, "2"]);
  });

  it("500 without the cause for what nobody expected; the cause is in the log", async () => {
    const api = await openTestApi({
      shop: (shop) => ({
        ...shop,
        payments: { ...shop.payments, charge: () => Promise.reject(new Error("secret detail")) },
      }),
    });
    const { status, body } = await api.post("/orders", goodOrder);
    expect(status).toBe(500);
    expect(body).toEqual({
      error: { code: "INTERNAL_ERROR", message: expect.not.stringContaining("secret") },
    });
    expect(api.logged.join("")).toContain("secret detail");
  });
});

describe("Idempotency-Key", () => {
  const key = { "idempotency-key": "k-1" };

  it("Money: fifty requests with one key at once are one order and one charge", async () => {
    const api = await openTestApi();
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.post("/orders", goodOrder, key)));
    const placed = answers.filter(({ status }) => status === 201);
    const others = answers.filter(({ status }) => status !== 201);
    expect(placed.length).toBeGreaterThan(0);
    expect(new Set(placed.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(
      others.every(({ status, body }) => status === 409 && body.error.code === "IDEMPOTENCY_KEY_IN_USE"),
    ).toBe(true);
    const { read } = api.shop.store;
    expect(await read.selectFrom("orders").select("id").execute()).toHaveLength(1);
    expect(await read.selectFrom("simulated_charges").select("id").execute()).toHaveLength(1);
  });

  it.each([
    ["tok_visa", 201],
    ["tok_timeout", 202],
    ["tok_declined", 402],
    ["tok_error", 503],
  ])("design: same key and body, same answer (%s: %i)", async (paymentToken, status) => {
    const api = await openTestApi();
    const first = await api.post("/orders", { ...goodOrder, paymentToken }, key);
    const again = await api.post("/orders", { ...goodOrder, paymentToken }, key);
    expect([first.status, again.status]).toEqual([status, status]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
  });

  it("the same fields in another order are the same body", async () => {
    const api = await openTestApi();
    const { userId, items, paymentToken } = goodOrder;
    const first = await api.post("/orders", { userId, items, paymentToken }, key);
    const again = await api.post("/orders", { paymentToken, items, userId }, key);
    expect([again.status, again.body]).toEqual([201, first.body]);
  });

  it("design: same key, other body: 422", async () => {
    const api = await openTestApi();
    await api.post("/orders", goodOrder, key);
    const { status, body } = await api.post("/orders", { ...goodOrder, userId: "u2" }, key);
    expect([status, body.error.code]).toEqual([422, "IDEMPOTENCY_KEY_REUSED"]);
  });

  it("design: while the first request is charging, a second gets 409 and is told to come back", async () => {
    const charging = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const api = await openTestApi({
      shop: (shop) => ({
        ...shop,
        payments: {
          ...shop.payments,
          async charge(request) {
            charging.resolve();
            await answered.promise;
            return await shop.payments.charge(request);
          },
        },
      }),
    });
    const first = api.post("/orders", goodOrder, key);
    await charging.promise;
    const second = await api.post("/orders", goodOrder, key);
    expect([second.status, second.body.error.code]).toEqual([409, "IDEMPOTENCY_KEY_IN_USE"]);
    expect(second.headers.get("retry-after")).toBe("1");
    answered.resolve();
    const third = await first.then(() => api.post("/orders", goodOrder, key));
    expect(third.body).toEqual((await first).body);
  });

  it.each(["", "with space", "k".repeat(256), "ключ"])("400 for the key %j", async (bad) => {
    const api = await openTestApi();
    // Header values are bytes; Node takes them as Latin-1.
    const header = Buffer.from(bad).toString("latin1");
    const { status, body } = await api.post("/orders", goodOrder, { "idempotency-key": header });
    expect([status, body.error.details?.[0].field]).toEqual([400, "Idempotency-Key"]);
  });
});

describe("GET /orders/:id", () => {
  it.each(["ord-0", "%00", "%F0%9F%92%A9", "..%2f..%2fetc%2fpasswd", "' OR 1=1 --", "x".repeat(5_000)])(
    "404 for %s",
    async (id) => {
      const api = await openTestApi();
      await api.post("/orders", goodOrder);
      const { status, body } = await api.get(`/orders/${id}`);
      expect([status, body.error.code]).toEqual([404, "NOT_FOUND"]);
    },
  );
});
