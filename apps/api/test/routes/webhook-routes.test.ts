import { describe, expect, it } from "vitest";
import { goodOrder, openTestApi, type TestApi } from "../open-test-api.ts";

const receiver = { url: "http://127.0.0.1:9/hook" };

async function addDelivery(api: TestApi, endpointId: string): Promise<string> {
  await api.shop.store.transaction(async ({ sql }) => {
    await sql
      .insertInto("webhook_deliveries")
      .values({
        id: "whd-1",
        endpoint_id: endpointId,
        event_id: "evt-1",
        event_type: "order.completed",
        body: "{}",
        status: "failed",
        created_at: 0,
      })
      .execute();
  });
  return "whd-1";
}

describe("webhook endpoints", () => {
  it("R25: an endpoint is registered with a secret that is shown once, listed and removed", async () => {
    const api = await openTestApi();
    const { status, headers, body } = await api.post("/webhook-endpoints", receiver);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      url: receiver.url,
      isActive: true,
      secret: expect.stringMatching(/^whsec_/),
    });
    expect(headers.get("location")).toBe(`/webhook-endpoints/${body.id}`);
    const { secret: _, ...shown } = body;
    expect((await api.get("/webhook-endpoints")).body).toEqual({ items: [shown], nextCursor: null });
    const removed = await api.request(`/webhook-endpoints/${body.id}`, { method: "DELETE" });
    expect([removed.status, removed.body]).toEqual([204, ""]);
    expect((await api.request(`/webhook-endpoints/${body.id}`, { method: "DELETE" })).status).toBe(404);
    expect((await api.get("/webhook-endpoints")).body.items).toMatchObject([{ isActive: false }]);
  });

  it("R25: a secret can be changed", async () => {
    const api = await openTestApi();
    const { body: old } = await api.post("/webhook-endpoints", receiver);
    const { status, body } = await api.post(`/webhook-endpoints/${old.id}/rotate-secret`, "");
    expect(status).toBe(200);
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.secret).not.toBe(old.secret);
    expect((await api.post("/webhook-endpoints/whe-0/rotate-secret", "")).status).toBe(404);
  });

  it.each(["ftp://example.com", "not a URL", "http://user:pass@example.com/", ""])(
    "400 for the URL %j",
    async (url) => {
      const api = await openTestApi();
      const { status, body } = await api.post("/webhook-endpoints", { url });
      expect([status, body.error.details[0].field]).toEqual([400, "url"]);
    },
  );

  it("400 for a private address where those aren't allowed", async () => {
    const api = await openTestApi({ webhookPolicy: { requireHttps: true, allowPrivate: false } });
    const answers = await Promise.all(
      ["http://example.com", "https://2130706433/", "https://[::1]/", "https://169.254.169.254/"].map((url) =>
        api.post("/webhook-endpoints", { url }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  });

  it("409 past the most endpoints there may be", async () => {
    const api = await openTestApi();
    const answers = [];
    for (let i = 0; i < 21; i++) answers.push(await api.post("/webhook-endpoints", receiver));
    expect(answers.slice(0, 20).every(({ status }) => status === 201)).toBe(true);
    expect([answers[20]?.status, answers[20]?.body.error.code]).toEqual([409, "WEBHOOK_LIMIT_REACHED"]);
  });
});

describe("webhook deliveries", () => {
  it("R25: the delivery log is listed, filtered and paged", async () => {
    const api = await openTestApi();
    const { body: endpoint } = await api.post("/webhook-endpoints", receiver);
    await addDelivery(api, endpoint.id);
    const list = async (query: string) => (await api.get(`/webhook-deliveries${query}`)).body;
    expect(await list("")).toMatchObject({ items: [{ id: "whd-1", status: "failed" }], nextCursor: null });
    expect((await list(`?endpointId=${endpoint.id}&status=failed&limit=1`)).items).toHaveLength(1);
    expect((await list("?status=delivered")).items).toEqual([]);
    expect((await list("?endpointId=whe-0")).items).toEqual([]);
    expect((await list("?cursor=whd-1")).items).toEqual([]);
    expect((await api.get("/webhook-deliveries?limit=0")).status).toBe(400);
    expect((await api.get("/webhook-deliveries?status=x&status=y")).status).toBe(400);
  });

  it("R25: a delivery is replayed by a job, but not while it is being tried", async () => {
    const api = await openTestApi();
    const { body: endpoint } = await api.post("/webhook-endpoints", receiver);
    const id = await addDelivery(api, endpoint.id);
    const { status, body } = await api.post(`/webhook-deliveries/${id}/replay`, "");
    expect(status).toBe(202);
    expect(await api.shop.store.getJob(body.jobId)).toMatchObject({
      type: "send_webhook",
      payload: { deliveryId: id },
    });
    const again = await api.post(`/webhook-deliveries/${id}/replay`, "");
    expect([again.status, again.body.error.code]).toEqual([409, "WEBHOOK_DELIVERY_PENDING"]);
    expect((await api.post("/webhook-deliveries/whd-0/replay", "")).status).toBe(404);
  });
});

it("R25: registering writes no secret to the log", async () => {
  const api = await openTestApi();
  const { body } = await api.post("/webhook-endpoints", receiver);
  await api.post("/orders", goodOrder);
  expect(api.logged.join("")).not.toContain(body.secret);
});
