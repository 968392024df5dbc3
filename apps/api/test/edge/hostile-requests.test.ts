import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { goodOrder, openTestApi, sendRaw } from "../open-test-api.ts";

const order = JSON.stringify(goodOrder);
const LIMIT = 262_144;

describe("bodies", () => {
  it("413 for more than 256 KB, whether its length is declared or not", async () => {
    const api = await openTestApi();
    const tooLong = `{"userId":"${"u".repeat(LIMIT)}"}`;
    const declared = await api.post("/orders", tooLong);
    expect([declared.status, declared.body.error.code]).toEqual([413, "BODY_TOO_LARGE"]);
    const chunk = `{"userId":"${"u".repeat(0x10000 - 11)}`;
    const chunked = await sendRaw(
      api.port,
      `POST /orders HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${`10000\r\n${chunk}\r\n`.repeat(5)}`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    expect(chunked).toContain('"BODY_TOO_LARGE"');
    expect((await api.get("/health")).status).toBe(200);
  });

  it("a body of exactly 256 KB is read", async () => {
    const api = await openTestApi();
    const padded = order.slice(0, -1) + " ".repeat(LIMIT - order.length) + "}";
    expect(padded).toHaveLength(LIMIT);
    expect((await api.post("/orders", padded)).status).toBe(201);
  });

  it.each([
    ["nothing", ""],
    ["blanks", "  "],
    ["no JSON", "{"],
    ["a word", '"order"'],
    ["null", "null"],
    ["a list", "[]"],
    ["a key twice", `{"userId":"a",${order.slice(1)}`],
    ["__proto__", `{"__proto__":{"admin":true},${order.slice(1)}`],
    ["NUL", order.replace("u1", "u\\u0000")],
    ["raw NUL", order.replace("u1", "u\0")],
    ["half a surrogate pair", order.replace("u1", "\\ud800")],
    ["depth", `${"[".repeat(5_000)}${"]".repeat(5_000)}`],
    ["depth in a field", order.replace('"u1"', `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`)],
    ["an enormous number", order.replace('"quantity":1', '"quantity":1e999')],
    ["a quantity that is no whole number", order.replace('"quantity":1', '"quantity":1.0000000000000002')],
    ["an unknown field", `{"status":"paid",${order.slice(1)}`],
  ])("400 for %s, in the one envelope", async (_, body) => {
    const api = await openTestApi();
    const answer = await api.post("/orders", body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error: { code: "VALIDATION_ERROR", details: [{ message: expect.any(String) }] },
    });
    expect(await api.shop.store.read.selectFrom("orders").select("id").execute()).toEqual([]);
  });

  it("hostile text in fields is stored and given back as text", async () => {
    const api = await openTestApi();
    const userId = `<script>alert(1)</script>'; DROP TABLE orders; --`;
    const { status, body } = await api.post("/orders", { ...goodOrder, userId, email: "a@example.com" });
    expect(status).toBe(201);
    const found = await api.get(`/orders/${body.id}`);
    expect(found.body.userId).toBe(userId);
    expect(found.headers.get("content-type")).toMatch(/^application\/json/);
    expect(found.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("a client that hangs up in the middle of its body leaves no order and no error", async () => {
    const api = await openTestApi();
    const socket = connect(api.port, "127.0.0.1");
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    socket.write(
      `POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: ${order.length}\r\n\r\n${order.slice(0, 20)}`,
    );
    await new Promise<void>((resolve) => socket.end(resolve));
    socket.destroy();
    expect((await api.get("/health")).status).toBe(200);
    expect(await api.shop.store.read.selectFrom("orders").select("id").execute()).toEqual([]);
    expect(api.logged.join("")).not.toContain('"level":50');
  });
});

describe("requests that no client library sends", () => {
  const close = "connection: close\r\n\r\n";

  it.each([
    ["a host that is none", `GET /nothing HTTP/1.1\r\nhost: [bad\r\n${close}`, /^HTTP\/1\.1 404 /],
    ["two slashes", `GET //evil.example/ HTTP/1.1\r\nhost: a\r\n${close}`, /^HTTP\/1\.1 404 /],
    ["a whole URL", `GET http://evil.example/nothing HTTP/1.1\r\nhost: a\r\n${close}`, /^HTTP\/1\.1 404 /],
    ["OPTIONS *", `OPTIONS * HTTP/1.1\r\nhost: a\r\n${close}`, /^HTTP\/1\.1 4\d\d /],
    ["TRACE", `TRACE / HTTP/1.1\r\nhost: a\r\n${close}`, /^HTTP\/1\.1 4\d\d /],
    [
      "a body on GET",
      `GET /products HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n${close}{}`,
      /^HTTP\/1\.1 200 /,
    ],
    ["broken percent-encoding", `GET /orders/%zz%E0%A4 HTTP/1.1\r\nhost: a\r\n${close}`, /^HTTP\/1\.1 404 /],
    [
      "a broken query",
      `GET /webhook-deliveries?limit=%zz&%00=%ff HTTP/1.1\r\nhost: a\r\n${close}`,
      /^HTTP\/1\.1 400 /,
    ],
    ["a header with NUL", `GET /health HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n${close}`, /^HTTP\/1\.1 400 /],
  ])("%s is answered below 500", async (_, bytes, expected) => {
    const api = await openTestApi();
    expect(await sendRaw(api.port, bytes)).toMatch(expected);
    expect(api.logged.join("")).not.toContain('"level":50');
  });

  it("an address nobody serves and a method nobody takes are 404 in the one envelope", async () => {
    const api = await openTestApi();
    const answers = await Promise.all([
      api.get("/nothing"),
      api.request("/orders", { method: "PUT", body: "{}" }),
      api.request("/products", { method: "DELETE" }),
    ]);
    expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual(
      Array.from({ length: 3 }, () => [404, "NOT_FOUND"]),
    );
  });
});
