import { expect, it } from "vitest";
import { openTestAdmin } from "../open-test-admin.ts";

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
