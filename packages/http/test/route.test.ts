import { createRoutes, group, route } from "@hectoday/http";
import { describe, expect, it } from "vitest";
import { z } from "zod/v4";

const resolve = () => new Response("ok");

describe("a route factory", () => {
  it("2: has a function for each method and for all, and no `on`", () => {
    const methods = ["all", "delete", "get", "head", "options", "patch", "post", "put"];
    expect(Object.keys(route).sort()).toEqual(methods);
    expect(Object.keys(createRoutes()).sort()).toEqual(methods);
    expect(route).not.toHaveProperty("on");
  });

  it("3: describes a route by method, path and the very config it was given", () => {
    const request = {
      params: z.object({ id: z.string() }),
      query: z.object({ q: z.string() }),
      body: z.object({ n: z.number() }),
    };
    const config = { request, resolve };
    const described = route.get("/p", config);

    expect(described).toEqual({ method: "GET", path: "/p", config });
    expect(described.config).toBe(config);
    expect(described.config.request?.params).toBe(request.params);
    expect(described.config.request?.query).toBe(request.query);
    expect(described.config.request?.body).toBe(request.body);
  });

  it("3: writes the method in upper case", () => {
    const of = ["get", "post", "put", "patch", "delete", "head", "options"] as const;
    for (const name of of) expect(route[name]("/p", { resolve }).method).toBe(name.toUpperCase());
  });

  it("4: `all` has the empty method, and a config without schemas has no `request`", () => {
    const described = route.all("/p", { resolve });
    expect(described.method).toBe("");
    expect(described.config.request).toBeUndefined();
  });
});

it("5: `group` returns the very array it got", () => {
  const routes = [route.get("/a", { resolve }), route.get("/b", { resolve })];
  expect(group(routes)).toBe(routes);
  expect(routes).toHaveLength(2);
});
