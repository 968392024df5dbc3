import { type RouteDescriptor, route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";
import { z } from "zod/v4";

/** A route that answers with its name and the raw params it was reached with. */
function echo(method: keyof typeof route, path: string, name = path): RouteDescriptor {
  return route[method](path, {
    request: { params: z.record(z.string(), z.string()) },
    resolve: (c) => Response.json({ name, params: c.input.params }),
  });
}

/** The name and params of the route that answers, or the status when none does. */
async function reached(routes: RouteDescriptor[], path: string, method = "GET") {
  const response = await setup({ routes }).fetch(new Request(`http://localhost${path}`, { method }));
  return response.ok ? await response.json() : response.status;
}

describe("a request without a route", () => {
  it("9: for an unknown path is answered with 404 as JSON", async () => {
    const response = await setup({ routes: [echo("get", "/a")] }).request("/b");
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({ error: "Not Found" });
  });

  it("10: for a known path's other method is a 404 that names no methods and asks `onNotFound`", async () => {
    const asked: string[] = [];
    const routes = [echo("get", "/a")];
    const plain = await setup({ routes }).request("/a", { method: "POST" });
    expect(plain.status).toBe(404);
    expect(plain.headers.has("allow")).toBe(false);

    const app = setup({
      routes,
      onNotFound: ({ request }) => {
        asked.push(request.method);
        return new Response("nothing here", { status: 404 });
      },
    });
    expect(await (await app.request("/a", { method: "POST" })).text()).toBe("nothing here");
    expect(asked).toEqual(["POST"]);
  });
});

describe("a path", () => {
  it("11: matches with a trailing slash too, but not in other letter case", async () => {
    const routes = [echo("get", "/a")];
    expect(await reached(routes, "/a/")).toMatchObject({ name: "/a" });
    expect(await reached(routes, "/A")).toBe(404);
  });

  it("12: gives its params by name and needs each of them", async () => {
    const routes = [echo("get", "/u/:id"), echo("get", "/u/:id/posts/:post")];
    expect(await reached(routes, "/u/1")).toMatchObject({ params: { id: "1" } });
    expect(await reached(routes, "/u/1/posts/2")).toMatchObject({ params: { id: "1", post: "2" } });
    expect(await reached(routes, "/u/")).toBe(404);
  });

  it("13: prefers a literal segment to a param, in either order of registration", async () => {
    const param = echo("get", "/u/:id");
    const literal = echo("get", "/u/me");
    for (const routes of [
      [param, literal],
      [literal, param],
    ]) {
      expect(await reached(routes, "/u/me")).toMatchObject({ name: "/u/me" });
      expect(await reached(routes, "/u/you")).toMatchObject({ name: "/u/:id" });
    }
  });

  it("14: leaves param values percent-encoded, malformed ones too", async () => {
    const routes = [echo("get", "/u/:id")];
    expect(await reached(routes, "/u/a%20b")).toMatchObject({ params: { id: "a%20b" } });
    expect(await reached(routes, "/u/a%2Fb")).toMatchObject({ params: { id: "a%2Fb" } });
    expect(await reached(routes, "/u/%zz")).toMatchObject({ params: { id: "%zz" } });
  });

  it("15: `**` takes any number of segments, and a named one at least one", async () => {
    const unnamed = [echo("get", "/f/**")];
    expect(await reached(unnamed, "/f/a/b")).toMatchObject({ params: { _: "a/b" } });
    expect(await reached(unnamed, "/f")).toMatchObject({ params: { _: "" } });

    const named = [echo("get", "/f/**:path")];
    expect(await reached(named, "/f/a/b")).toMatchObject({ params: { path: "a/b" } });
    expect(await reached(named, "/f")).toBe(404);
  });
});

describe("competing routes", () => {
  it("16: a route for all methods takes those that the path has no own route for", async () => {
    const routes = [echo("all", "/x", "all"), echo("get", "/x", "get")];
    expect(await reached(routes, "/x", "GET")).toMatchObject({ name: "get" });
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      expect(await reached(routes, "/x", method)).toMatchObject({ name: "all" });
    }
    expect(await reached([echo("all", "/x", "all")], "/x", "GET")).toMatchObject({ name: "all" });
  });

  it("17: the first of two with the same method and path wins", async () => {
    const literals = [echo("get", "/x", "first"), echo("get", "/x", "second")];
    expect(await reached(literals, "/x")).toMatchObject({ name: "first" });
    const params = [echo("get", "/x/:a", "first"), echo("get", "/x/:a", "second")];
    expect(await reached(params, "/x/1")).toMatchObject({ name: "first" });
  });
});
