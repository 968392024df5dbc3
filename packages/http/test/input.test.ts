import { route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";
import { z } from "zod/v4";

const request = {
  params: z.object({ id: z.coerce.number() }),
  query: z.object({ page: z.coerce.number() }),
  body: z.object({ items: z.array(z.object({ quantity: z.number() })) }),
};

const app = setup({
  routes: [route.post("/t/:id", { request, resolve: (c) => Response.json(keep(c.input), { status: 422 }) })],
});

/** JSON has no `undefined`; this keeps the difference between a missing part and a `null` one. */
function keep(input: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).map(([k, v]) => [k, v === undefined ? "undefined" : v]));
}

interface Reply {
  ok: boolean;
  issues: { part: string; path: string[]; message: string; code: string }[];
  failed: string[];
}

async function inputOf(path: string, body: string): Promise<Reply> {
  const response = await app.fetch(new Request(`http://localhost${path}`, { method: "POST", body }));
  expect(response.status).toBe(422);
  return (await response.json()) as Reply;
}

describe("the input of a request", () => {
  it("18: without schemas is ok and raw", async () => {
    const seen: object[] = [];
    const plain = setup({
      routes: [
        route.post("/t/:id", {
          resolve: (c) => {
            // Typed only when there is a schema, but always there.
            seen.push((c as unknown as { input: object }).input);
            return new Response();
          },
        }),
      ],
    });
    await plain.request("/t/7?a=1&a=2", { method: "POST", body: { n: 1 } });
    const [input] = seen;
    expect(keep(input!)).toEqual({
      ok: true,
      params: { id: "7" },
      query: { a: ["1", "2"] },
      body: "undefined",
      issues: [],
      failed: [],
    });
  });

  it("18: has empty params on a path without any", async () => {
    const plain = setup({
      routes: [
        route.get("/t", {
          request: { query: z.unknown() },
          resolve: (c) => Response.json(c.input.params),
        }),
      ],
    });
    expect(await (await plain.request("/t")).json()).toEqual({});
  });

  it("24: with one bad part has no values at all, and the handler picks the status", async () => {
    expect(await inputOf("/t/7?page=1", '{"items":"none"}')).toMatchObject({
      ok: false,
      params: "undefined",
      query: "undefined",
      body: "undefined",
      failed: ["body"],
    });
  });

  it("25: has issues of exactly part, path, message and code, array indexes as strings", async () => {
    const { issues } = await inputOf("/t/7?page=1", '{"items":[{"quantity":"two"}]}');
    expect(issues).toHaveLength(1);
    expect(Object.keys(issues[0]!).sort()).toEqual(["code", "message", "part", "path"]);
    expect(issues[0]).toMatchObject({ part: "body", path: ["items", "0", "quantity"], code: "invalid_type" });
    expect(issues[0]!.message).toBeTypeOf("string");
  });

  it("26: with three bad parts has the issues of all, in the order params, query, body", async () => {
    const { issues, failed } = await inputOf("/t/seven?page=one", '{"items":[{},{}]}');
    expect(failed).toEqual(["params", "query", "body"]);
    expect(issues.map(({ part, path }) => [part, ...path])).toEqual([
      ["params", "id"],
      ["query", "page"],
      ["body", "items", "0", "quantity"],
      ["body", "items", "1", "quantity"],
    ]);
  });

  it("27: puts malformed JSON before the issues of params and query, but last among the failed parts", async () => {
    const { issues, failed } = await inputOf("/t/seven?page=one", "{");
    expect(issues.map(({ part }) => part)).toEqual(["body", "params", "query"]);
    expect(failed).toEqual(["params", "query", "body"]);
  });
});

it("34: a schema that throws while parsing ends in `onError`", async () => {
  const errors: Error[] = [];
  const body = z.object({}).refine(async () => Promise.resolve(true));
  const failing = setup({
    routes: [route.post("/t", { request: { body }, resolve: () => new Response("reached") })],
    onError: ({ error }) => {
      errors.push(error);
      return new Response("handled", { status: 500 });
    },
  });
  const response = await failing.request("/t", { method: "POST", body: {} });
  expect(await response.text()).toBe("handled");
  expect(errors).toHaveLength(1);
});
