import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { requestOutside } from "../src/outside-request.ts";
import { answerWith, startTestServer } from "./start-test-server.ts";

const post = (url: string, timeoutMs = 5_000, signal?: AbortSignal) =>
  requestOutside({
    method: "POST",
    url: new URL(url),
    body: { amountCents: 5 },
    idempotencyKey: "key-1",
    timeoutMs,
    ...(signal ? { signal } : {}),
  });

/** A port that nobody listens on: it was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("requestOutside", () => {
  it("sends JSON with its idempotency key and gives back status and body", async () => {
    await using server = await startTestServer(answerWith(201, { id: "ch-1" }));
    expect(await post(server.url)).toEqual({ kind: "answered", status: 201, body: { id: "ch-1" } });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "key-1" },
      body: '{"amountCents":5}',
    });
  });

  it("sends the user and password of its URL as Basic credentials, and a URL without them none", async () => {
    await using server = await startTestServer(answerWith(200, {}));
    const url = new URL(server.url);
    url.username = "shop";
    url.password = "p@ss:wörd";
    expect(await post(url.href)).toMatchObject({ kind: "answered" });
    expect(await post(server.url)).toMatchObject({ kind: "answered" });
    const sent = server.seen.map(({ headers }) => headers.authorization);
    expect(sent).toEqual([`Basic ${Buffer.from("shop:p@ss:wörd").toString("base64")}`, undefined]);
  });

  it("gives an answer that is no JSON without a body", async () => {
    await using server = await startTestServer((_, response) =>
      response.writeHead(502).end("<h1>Bad Gateway"),
    );
    expect(await post(server.url)).toEqual({ kind: "answered", status: 502, body: undefined });
  });

  it("knows that a refused connection sent nothing", async () => {
    expect(await post(`http://127.0.0.1:${await closedPort()}`)).toMatchObject({ kind: "unsent" });
  });

  it("knows that a request which was stopped beforehand sent nothing", async () => {
    await using server = await startTestServer(answerWith(200, {}));
    expect(await post(server.url, 5_000, AbortSignal.abort())).toMatchObject({ kind: "unsent" });
    expect(server.seen).toEqual([]);
  });

  it("does not know what became of a request whose answer is late, cut off or stopped", async () => {
    const stop = new AbortController();
    await using late = await startTestServer(() => undefined);
    await using cut = await startTestServer((_, response) => response.destroy());
    await using half = await startTestServer((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"id"');
      response.destroy();
    });
    await using stopped = await startTestServer(() => stop.abort());
    const answers = await Promise.all([
      post(late.url, 50),
      post(cut.url),
      post(half.url),
      post(stopped.url, 5_000, stop.signal),
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(["lost", "lost", "lost", "lost"]);
    // Whether the late one got as far as this within its 50 ms is up to the machine.
    expect([cut, half, stopped].map(({ seen }) => seen.length)).toEqual([1, 1, 1]);
  });

  it("stops reading an endless answer", async () => {
    await using server = await startTestServer((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    // So long that only reading no further can end it within the test's time.
    expect(await post(server.url, 3_600_000)).toMatchObject({ kind: "lost" });
  });

  it("does not carry the body to where a redirect points", async () => {
    await using canary = await startTestServer(answerWith(200, {}));
    await using server = await startTestServer(answerWith(307, {}, { location: canary.url }));
    expect(await post(server.url)).toMatchObject({ kind: "answered", status: 307 });
    expect(canary.seen).toEqual([]);
  });
});
