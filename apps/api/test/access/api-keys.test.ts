import { describe, expect, it } from "vitest";
import { goodOrder, openTestApi } from "../open-test-api.ts";

const apiKeys = ["key-of-the-web-shop", "key-of-the-partner"];
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe("API keys", () => {
  it("401 without a key or with a wrong one, on every route but the probes", async () => {
    const api = await openTestApi({ apiKeys });
    const asked = [
      api.get("/products"),
      api.get("/orders/ord-1"),
      api.get("/webhook-endpoints"),
      api.get("/nothing"),
      api.post("/orders", goodOrder),
      api.post("/orders", goodOrder, bearer("key-of-the-web-sho")),
      api.post("/orders", goodOrder, { authorization: "Basic key-of-the-web-shop" }),
      api.post("/orders", goodOrder, { "x-api-key": "" }),
      api.request("/webhook-endpoints/whe-1", { method: "DELETE" }),
    ];
    for (const { status, headers, body } of await Promise.all(asked)) {
      expect([status, body.error.code, headers.get("www-authenticate")]).toEqual([
        401,
        "UNAUTHORIZED",
        "Bearer",
      ]);
    }
    expect((await api.get("/health")).status).toBe(200);
    expect((await api.get("/ready")).status).toBe(200);
    expect(await api.shop.store.read.selectFrom("orders").select("id").execute()).toEqual([]);
  });

  it.each([
    ["a key that is wrong", 401, bearer("key-of-nobody-at-all")],
    ["a key that asks too often", 429, bearer("key-of-the-partner")],
  ])("%s is refused before its body is read", async (_, status, headers) => {
    const api = await openTestApi({ apiKeys, ratePerMinute: 1 });
    await api.get("/products", bearer("key-of-the-partner"));
    // A body that never ends: only an answer that doesn't wait for it can come.
    const endless = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode("{")) });
    const body = { method: "POST", headers, body: endless, duplex: "half" } as const;
    expect((await api.request("/orders", body)).status).toBe(status);
  });

  it("lets each key in, as a bearer token or as X-API-Key", async () => {
    const api = await openTestApi({ apiKeys });
    expect((await api.get("/products", bearer("key-of-the-web-shop"))).status).toBe(200);
    expect((await api.get("/products", { authorization: "bearer key-of-the-partner" })).status).toBe(200);
    expect((await api.get("/products", { "x-api-key": "key-of-the-partner" })).status).toBe(200);
  });

  it("an idempotency key belongs to the caller that uses it", async () => {
    const api = await openTestApi({ apiKeys });
    const key = { "idempotency-key": "k-1" };
    const first = await api.post("/orders", goodOrder, { ...key, ...bearer("key-of-the-web-shop") });
    const other = await api.post("/orders", goodOrder, { ...key, ...bearer("key-of-the-partner") });
    expect([first.status, other.status]).toEqual([201, 201]);
    expect(other.body.id).not.toBe(first.body.id);
    const stored = await api.shop.store.read.selectFrom("order_idempotency_keys").selectAll().execute();
    expect(JSON.stringify(stored)).not.toContain("key-of-the");
  });

  it("429 with Retry-After for a key that asks too often; others and the probes are not held up", async () => {
    const api = await openTestApi({ apiKeys, ratePerMinute: 60 });
    const ask = (key: string) => api.get("/products", bearer(key));
    const statuses = [];
    for (let i = 0; i < 8; i++) statuses.push((await ask("key-of-the-web-shop")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
    const limited = await ask("key-of-the-web-shop");
    expect([limited.body.error.code, limited.headers.get("retry-after")]).toEqual(["RATE_LIMITED", "1"]);
    expect((await ask("key-of-the-partner")).status).toBe(200);
    expect((await api.get("/health")).status).toBe(200);
    api.clock.advance(1_000);
    expect((await ask("key-of-the-web-shop")).status).toBe(200);
    expect((await ask("key-of-the-web-shop")).status).toBe(429);
  });
});
