import { cors, route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";

const page = route.get("/page", {
  resolve: () => new Response("the page", { status: 203, headers: { "x-page": "1", "content-length": "8" } }),
});

describe("HEAD", () => {
  it("48: on a GET route has its status and headers, and no body", async () => {
    const app = setup({ routes: [page] });
    const get = await app.request("/page");
    const head = await app.request("/page", { method: "HEAD" });
    expect(head.status).toBe(get.status);
    expect([...head.headers]).toEqual([...get.headers]);
    expect(head.body).toBeNull();
    expect(await get.text()).toBe("the page");
  });

  it("48: is still the request's method in the GET handler, and onResponse sees the body", async () => {
    const seen: string[] = [];
    const app = setup({
      routes: [route.get("/page", { resolve: (c) => new Response(c.request.method) })],
      onResponse: async ({ response }) => {
        seen.push(await response.clone().text());
        return response;
      },
    });
    const head = await app.request("/page", { method: "HEAD" });
    expect(seen).toEqual(["HEAD"]);
    expect(head.body).toBeNull();
  });

  it("48: is answered by its own route, or by one for all methods, before the GET route", async () => {
    const own = route.head("/page", { resolve: () => new Response("never sent", { status: 202 }) });
    const response = await setup({ routes: [page, own] }).request("/page", { method: "HEAD" });
    expect(response.status).toBe(202);
    expect(response.body).toBeNull();

    const all = route.all("/page", { resolve: () => new Response("never sent", { status: 206 }) });
    expect((await setup({ routes: [page, all] }).request("/page", { method: "HEAD" })).status).toBe(206);
  });

  it("48: on an unknown path is a 404 without a body", async () => {
    const response = await setup({ routes: [page] }).request("/unknown", { method: "HEAD" });
    expect(response.status).toBe(404);
    expect(response.body).toBeNull();
  });

  it("48: releases the stream of the GET route's body", async () => {
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
    const stream = new ReadableStream({ cancel: () => cancel() });
    const app = setup({ routes: [route.get("/events", { resolve: () => new Response(stream) })] });
    expect((await app.request("/events", { method: "HEAD" })).body).toBeNull();
    await cancelled;
  });
});

describe("OPTIONS", () => {
  it("49: without a route is a 404, and with a preflight route a 204 on any path", async () => {
    expect((await setup({ routes: [page] }).request("/page", { method: "OPTIONS" })).status).toBe(404);

    const app = setup({ routes: [page, cors({ origin: "https://shop.example" }).preflight(route)] });
    expect((await app.request("/page", { method: "OPTIONS" })).status).toBe(204);
    expect((await app.request("/some/other", { method: "OPTIONS" })).status).toBe(204);
    expect((await app.request("/some/other")).status).toBe(404);
  });
});
