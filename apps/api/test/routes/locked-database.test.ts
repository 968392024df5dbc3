import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { goodOrder, openTestApi, type TestApi } from "../open-test-api.ts";

/** Holds the write lock, as another program would. */
function lock({ folder }: TestApi): () => void {
  const database = new Database(join(folder, "shop.db"));
  database.exec("BEGIN IMMEDIATE");
  return () => database.close();
}

function everyRow({ folder }: TestApi): unknown {
  const database = new Database(join(folder, "shop.db"), { readonly: true });
  const tables = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .pluck()
    .all();
  const rows = tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).all()]);
  database.close();
  return rows;
}

/** A request for every route that changes something, which would be answered 2xx if the database were free. */
async function changes(api: TestApi): Promise<Readonly<Record<string, { path: string; body?: unknown }>>> {
  const endpoint = await api.post("/webhook-endpoints", { url: "http://127.0.0.1:9/hook" });
  const deliveryId = "whd-1";
  await api.shop.store.transaction(async ({ sql }) => {
    const row = {
      id: deliveryId,
      endpoint_id: endpoint.body.id,
      event_id: "evt-1",
      status: "failed",
    } as const;
    await sql
      .insertInto("webhook_deliveries")
      .values({ ...row, event_type: "order.completed", body: "{}", created_at: 0 })
      .execute();
  });
  const ofEndpoint = `/webhook-endpoints/${endpoint.body.id}`;
  return {
    "POST /orders": { path: "/orders", body: goodOrder },
    "POST /webhook-endpoints": { path: "/webhook-endpoints", body: { url: "http://127.0.0.1:9/more" } },
    "POST /webhook-endpoints/:id/rotate-secret": { path: `${ofEndpoint}/rotate-secret` },
    "POST /webhook-deliveries/:id/replay": { path: `/webhook-deliveries/${deliveryId}/replay` },
    "DELETE /webhook-endpoints/:id": { path: ofEndpoint },
  };
}

it("every change is refused with 503 and Retry-After, in the one envelope, and leaves nothing behind", async () => {
  const api = await openTestApi({ busyMs: 0 });
  const requests = await changes(api);
  const changing = api.routes.filter(({ method }) => method !== "GET").map((r) => `${r.method} ${r.path}`);
  expect(Object.keys(requests).toSorted(), "a request for every route that changes something").toEqual(
    changing.toSorted(),
  );
  const send = ([route, { path, body }]: [string, { path: string; body?: unknown }]) =>
    api.request(path, {
      method: route.split(" ")[0] ?? "",
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
  const before = everyRow(api);
  const unlock = lock(api);
  for (const entry of Object.entries(requests)) {
    const { status, headers, body } = await send(entry);
    expect([entry[0], status, headers.get("retry-after")]).toEqual([entry[0], 503, "2"]);
    expect(body.error).toMatchObject({ code: "STORE_BUSY", message: expect.stringContaining("try again") });
  }
  expect((await api.get("/health")).status).toBe(200);
  expect((await api.get("/products")).status).toBe(200);
  expect(everyRow(api)).toEqual(before);

  unlock();
  for (const entry of Object.entries(requests)) {
    expect([entry[0], Math.floor((await send(entry)).status / 100)]).toEqual([entry[0], 2]);
  }
  const told = api.logged.map((line) => JSON.parse(line).msg).filter((msg) => msg.includes("the database"));
  expect(told).toEqual(["using the database failed, will try again", "using the database works again"]);
});
