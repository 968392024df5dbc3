import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { route, setup } from "@hectoday/http";
import { serve } from "srvx";
import { describe, expect, it } from "vitest";
import { type ZodType, z } from "zod/v4";

/** An application whose answer is the input of a body schema, `undefined` written out. */
function echoOf(body: ZodType) {
  return setup({
    routes: [
      route.post("/b", {
        request: { body },
        resolve: ({ input }) =>
          Response.json({
            ok: input.ok,
            body: input.body === undefined ? "undefined" : input.body,
            issues: input.issues,
          }),
      }),
    ],
  });
}

interface Reply {
  ok: boolean;
  body: unknown;
  issues: { part: string; path: string[]; message: string; code: string }[];
}

async function post(body: ZodType, init: RequestInit): Promise<Reply> {
  const response = await echoOf(body).fetch(new Request("http://localhost/b", { method: "POST", ...init }));
  return (await response.json()) as Reply;
}

const invalidJson = { part: "body", path: [], message: "Invalid JSON", code: "invalid_json" };

describe("a body with a schema", () => {
  it("23: arrives as the schema's output", async () => {
    const schema = z.object({
      name: z.string().transform((name) => name.toUpperCase()),
      n: z.number().default(1),
    });
    const { ok, body } = await post(schema, { body: '{"name":"ada","extra":true}' });
    expect({ ok, body }).toEqual({ ok: true, body: { name: "ADA", n: 1 } });
  });

  it.each(["{", "{'a':1}", "[1,]", "undefined"])(
    "27: %j is malformed, and its schema is not asked",
    async (body) => {
      expect((await post(z.object({ a: z.number() }), { body })).issues).toEqual([invalidJson]);
    },
  );

  it("27: whose stream breaks off is malformed", async () => {
    const body = new ReadableStream({ start: (stream) => stream.error(new Error("connection lost")) });
    expect((await post(z.unknown(), { body, duplex: "half" })).issues).toEqual([invalidJson]);
  });

  it.each([" ", "\n\t "])("28: of nothing but white space, %j, is malformed", async (body) => {
    expect((await post(z.unknown(), { body })).issues).toEqual([invalidJson]);
  });

  it.each([
    ["no body", {}],
    ["an empty text", { body: "" }],
    ["a declared length of 0", { body: "ignored", headers: { "content-length": "0" } }],
  ])("29: that is missing (%s) fails a required schema by the schema's own issue", async (_kind, init) => {
    const { ok, issues } = await post(z.object({ a: z.number() }), init);
    expect(ok).toBe(false);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatchObject({ part: "body", path: [] });
    expect(issues[0]!.code).not.toBe("invalid_json");
  });

  it("29: of a declared length of 0 is read all the same when it comes in chunks", async () => {
    const headers = { "content-length": "0", "transfer-encoding": "chunked" };
    expect(await post(z.unknown(), { body: "1", headers })).toMatchObject({ ok: true, body: 1 });
  });

  it("30: that is missing passes an optional schema as `undefined`", async () => {
    const optional = z.object({ a: z.number() }).optional();
    expect(await post(optional, {})).toMatchObject({ ok: true, body: "undefined" });
    expect(await post(optional, { body: "" })).toMatchObject({ ok: true, body: "undefined" });
  });

  it("30: that is missing on a socket, without any content length, passes an optional schema too", async () => {
    const app = echoOf(z.object({ a: z.number() }).optional());
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", silent: true });
    try {
      await server.ready();
      const socket = connect(Number(new URL(server.url!).port), "127.0.0.1");
      socket.write("POST /b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
      const answer = await text(socket);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain('{"ok":true,"body":"undefined","issues":[]}');
    } finally {
      await server.close(true);
    }
  });

  it("31: `null` is a value, accepted by `z.null()` and kept", async () => {
    expect(await post(z.null(), { body: "null" })).toMatchObject({ ok: true, body: null });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "image/png", ""])(
    "32: is parsed as JSON whatever its content type: %j",
    async (type) => {
      const reply = await post(z.object({ a: z.number() }), {
        body: '{"a":1}',
        headers: { "content-type": type },
      });
      expect(reply).toMatchObject({ ok: true, body: { a: 1 } });
    },
  );
});

it("33: a body without a schema is left unread for the handler, byte for byte", async () => {
  const sent = Uint8Array.from([0xef, 0xbb, 0xbf, 0x20, 0x7b, 0xff, 0x00]);
  const app = setup({
    routes: [
      route.post("/b", {
        request: { query: z.unknown() },
        resolve: async (c) => {
          expect(c.request.bodyUsed).toBe(false);
          return new Response(await c.request.bytes());
        },
      }),
      route.post("/text", { resolve: async (c) => new Response(await c.request.text()) }),
    ],
  });
  const bytes = await app.fetch(new Request("http://localhost/b", { method: "POST", body: sent }));
  expect(await bytes.bytes()).toEqual(sent);
  const spaced = ' { "a" : 1 } ';
  const response = await app.fetch(new Request("http://localhost/text", { method: "POST", body: spaced }));
  expect(await response.text()).toBe(spaced);
});
