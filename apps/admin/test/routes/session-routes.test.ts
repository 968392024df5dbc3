import { expect, it } from "vitest";
import { openTestAdmin, TOKEN } from "../open-test-admin.ts";

function formOf(stream: ReadableStream, origin: string) {
  return { method: "POST", headers: { origin }, body: stream, duplex: "half" } as const;
}

it("a form too long that hides its length is the sender's fault", async () => {
  const { send, url } = await openTestAdmin();
  const { readable, writable } = new TextEncoderStream();
  const writer = writable.getWriter();
  // Both fail once the server has answered without reading on.
  void writer.write(`token=${"t".repeat(300_000)}`).catch(() => undefined);
  void writer.close().catch(() => undefined);
  const response = await send("/login", formOf(readable, url));
  expect(response.status).toBe(400);
});

it("a form that its sender breaks off is the sender's fault", async () => {
  const { app, url } = await openTestAdmin();
  const broken = new ReadableStream({ start: (stream) => stream.error(new Error("connection reset")) });
  const response = await app.fetch(new Request(`${url}/login`, formOf(broken, url)));
  expect(response.status).toBe(400);
});

it.each([
  ["a form on a page that came by HTTPS", { origin: "https://admin.example" }, true],
  ["a proxy that ends TLS", { origin: "http://admin.example", "x-forwarded-proto": "https" }, true],
  ["a form on a page that came by HTTP", { origin: "http://admin.example" }, false],
])("whether the cookie of a session goes over HTTPS alone: %s", async (_, headers, isSecure) => {
  const { app } = await openTestAdmin();
  const body = new URLSearchParams({ token: TOKEN });
  const login = await app.fetch(new Request("http://admin.example/login", { method: "POST", headers, body }));
  const attributes = login.headers.get("set-cookie")?.split("; ") ?? [];
  expect(attributes).toEqual(expect.arrayContaining(["Path=/", "HttpOnly", "SameSite=Strict"]));
  expect(attributes.includes("Secure")).toBe(isSecure);
});
