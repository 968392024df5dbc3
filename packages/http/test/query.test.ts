import { route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";
import { z } from "zod/v4";

// A params schema that accepts everything makes `c.input` part of the type; the query itself stays raw.
const raw = setup({
  routes: [
    route.get("/q", {
      request: { params: z.unknown() },
      resolve: (c) => Response.json(c.input.query),
    }),
  ],
});

async function queryOf(search: string): Promise<unknown> {
  const response = await raw.fetch(new Request(`http://localhost/q${search}`));
  expect(response.status).toBe(200);
  return await response.json();
}

describe("a query without a schema", () => {
  it.each([
    ["?a=1&a=2", { a: ["1", "2"] }],
    ["?a=3&a=1&a=2", { a: ["3", "1", "2"] }],
    ["?a=1", { a: "1" }],
    ["?a", { a: "" }],
    ["?a=", { a: "" }],
    ["?a=b=c", { a: "b=c" }],
    ["?q=x+y", { q: "x y" }],
    ["?q=x%2By", { q: "x+y" }],
    ["?a+b=c%20d", { "a b": "c d" }],
    ["?a=1&&b=2&", { a: "1", b: "2" }],
    ["?", {}],
    ["", {}],
  ])("19: %s is read as %j", async (search, expected) => {
    expect(await queryOf(search)).toEqual(expected);
  });

  it("20: keeps malformed percent-encoding as it was sent", async () => {
    expect(await queryOf("?q=%E0%A4%A")).toEqual({ q: "%E0%A4%A" });
    expect(await queryOf("?q=a+%zz&ok=%20")).toEqual({ q: "a %zz", ok: " " });
  });

  it("21: takes `__proto__` as a key and changes no prototype", async () => {
    const seen: unknown[] = [];
    const app = setup({
      routes: [
        route.get("/q", {
          request: { params: z.unknown() },
          resolve: (c) => {
            seen.push(c.input.query);
            return new Response();
          },
        }),
      ],
    });
    await app.fetch(new Request("http://localhost/q?__proto__=x&__proto__=y&constructor=z"));

    const query = seen[0] as object;
    expect(Object.getPrototypeOf(query)).toBeNull();
    expect(Object.entries(query)).toEqual([
      ["__proto__", ["x", "y"]],
      ["constructor", "z"],
    ]);
    expect({}).not.toHaveProperty("x");
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });
});

it("22: a query schema's coercion and defaults apply, without any query too", async () => {
  const query = z.object({ page: z.coerce.number().default(1), sort: z.string().default("name") });
  const app = setup({
    routes: [route.get("/q", { request: { query }, resolve: (c) => Response.json(c.input.query) })],
  });
  expect(await (await app.request("/q?page=3")).json()).toEqual({ page: 3, sort: "name" });
  expect(await (await app.request("/q")).json()).toEqual({ page: 1, sort: "name" });
});
