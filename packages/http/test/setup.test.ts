import { group, route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";
import { z } from "zod/v4";

const a = route.get("/a", { resolve: () => new Response("a") });
const b = route.get("/b", { resolve: () => new Response("b") });

describe("an application", () => {
  it("5: serves the routes of a group that was spread into it", async () => {
    const app = setup({ routes: [...group([a, b])] });
    expect(await (await app.request("/b")).text()).toBe("b");
  });

  it("6: is `fetch`, `request` and the very array of its routes", () => {
    const routes = [a, b];
    const app = setup({ routes });
    expect(Object.keys(app).sort()).toEqual(["fetch", "request", "routes"]);
    expect(app.routes).toBe(routes);
  });

  it("7: has functions that work without it", async () => {
    const { fetch, request } = setup({ routes: [a] });
    expect(await (await fetch(new Request("http://localhost/a"))).text()).toBe("a");
    expect(await (await request("/a")).text()).toBe("a");
  });
});

describe("a handler's response", () => {
  const answer = () => new Response("{}", { status: 418, headers: { "x-tea": "green" } });

  it.each([
    ["sync", answer],
    ["async", async () => Promise.resolve(answer())],
  ])("8: of a %s handler comes out unchanged", async (_kind, resolve) => {
    const app = setup({ routes: [route.get("/tea", { resolve })] });
    const response = await app.request("/tea");
    expect(response.status).toBe(418);
    // `content-type` is what the platform gives every string body.
    expect([...response.headers]).toEqual([...answer().headers]);
    expect(response.headers.get("x-tea")).toBe("green");
    expect(await response.text()).toBe("{}");
  });

  it("8: is sent as the very object the handler returned, when no hook replaces it", async () => {
    const response = answer();
    const app = setup({ routes: [route.get("/tea", { resolve: () => response })] });
    expect(await app.request("/tea")).toBe(response);
  });

  it("47: is neither checked nor changed by `response` schemas", async () => {
    const schema = z.object({ n: z.number().transform((n) => n + 1) });
    const sent = { n: "not a number", extra: true };
    const app = setup({
      routes: [route.get("/n", { response: { 200: schema }, resolve: () => Response.json(sent) })],
    });
    const response = await app.request("/n");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(sent);
  });
});
