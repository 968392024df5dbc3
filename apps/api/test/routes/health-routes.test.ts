import { describe, expect, it } from "vitest";
import { openTestApi } from "../open-test-api.ts";

const HALF_HOUR_MS = 30 * 60_000;

describe("GET /health", () => {
  it("R19: ok while the queue keeps up", async () => {
    const api = await openTestApi();
    const { status, body } = await api.get("/health");
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "ok",
      checks: { database: { status: "up" }, jobQueue: { status: "up" } },
    });
  });

  it("R19: 200 and a warning for a queue that has fallen behind, so that probes kill nobody", async () => {
    const api = await openTestApi();
    await api.shop.queue.enqueue("reconcile_payments", {});
    api.clock.advance(HALF_HOUR_MS + 60_000);
    const { status, body } = await api.get("/health");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "degraded",
      checks: { jobQueue: { status: "warning", message: expect.stringContaining("31 min") } },
    });
  });

  it("R19: 503 only if the process cannot reach its database", async () => {
    const api = await openTestApi({
      shop: (shop) => ({
        ...shop,
        queue: Object.create(shop.queue, {
          checkQueueHealth: { value: () => Promise.reject(new Error("gone")) },
        }),
      }),
    });
    const { status, body } = await api.get("/health");
    expect([status, body.status, body.checks.database.status]).toEqual([503, "unhealthy", "down"]);
    expect(JSON.stringify(body)).not.toContain("gone");
  });
});

describe("GET /ready", () => {
  it("200 while the process wants requests, 503 once it is stopping", async () => {
    let stopping = false;
    const api = await openTestApi({ isStopping: () => stopping });
    expect(await api.get("/ready")).toMatchObject({ status: 200, body: { status: "ready" } });
    stopping = true;
    expect(await api.get("/ready")).toMatchObject({ status: 503, body: { error: { code: "STOPPING" } } });
  });

  it("503 if the database cannot be read", async () => {
    const api = await openTestApi();
    await api.shop.store.close();
    expect(await api.get("/ready")).toMatchObject({
      status: 503,
      body: { error: { code: "STORE_UNAVAILABLE" } },
    });
  });
});
