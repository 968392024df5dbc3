import type { lookup } from "node:dns";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { postWebhook, type WebhookPost } from "../../src/webhooks/post-webhook.ts";
import { isPublicAddress } from "../../src/webhooks/public-address.ts";
import { WebhookAddressRefusedError, WebhookFailedError } from "../../src/webhooks/webhook-errors.ts";
import { answerWith, startTestServer } from "../start-test-server.ts";

const post = (url: string, change: Partial<WebhookPost> = {}) =>
  postWebhook({
    url,
    headers: { "content-type": "application/json", "webhook-id": "evt-1" },
    body: '{"name":"Ü"}',
    timeoutMs: 10_000,
    mayConnect: () => true,
    signal: new AbortController().signal,
    ...change,
  });

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A receiver at the level of bytes: counts connections and does with each what the test wants. */
async function startRawServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    // The client hangs up on a misbehaving receiver: that is the point of the tests.
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return { port: address.port, connections: () => sockets.size };
}

describe("R25: posting", () => {
  it("sends the body and headers, and tells what was answered", async () => {
    await using receiver = await startTestServer(answerWith(202, { ok: true }));
    const answer = await post(`${receiver.url}/hook?a=1`);
    expect(answer).toEqual({ statusCode: 202, excerpt: '{"ok":true}' });
    expect(receiver.seen).toMatchObject([
      {
        method: "POST",
        path: "/hook?a=1",
        body: '{"name":"Ü"}',
        headers: {
          "content-type": "application/json",
          "content-length": "13",
          "webhook-id": "evt-1",
          // No connection is kept: the next one is checked anew.
          connection: "close",
        },
      },
    ]);
  });

  it("a refused connection is worth another attempt", async () => {
    const url = await (async () => {
      await using receiver = await startTestServer(answerWith(200, {}));
      return receiver.url;
    })();
    const failure = await post(url).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WebhookFailedError);
    expect(failure).toMatchObject({ statusCode: null, message: expect.stringContaining("ECONNREFUSED") });
  });

  it("an abort of the job ends it with the job's reason", async () => {
    const stop = new AbortController();
    const receiver = await startRawServer(() => stop.abort(new Error("the worker stops")));
    await expect(post(`http://127.0.0.1:${receiver.port}/`, { signal: stop.signal })).rejects.toThrow(
      "the worker stops",
    );
  });
});

describe("faults: SSRF", () => {
  const resolveTo = (...answers: string[][]) => {
    const asked: string[] = [];
    // Stands in for the machine's resolver, whose answers an attacker who owns the name decides.
    const resolve = ((hostname: string, _options: unknown, callback: (...result: unknown[]) => void) => {
      const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
      asked.push(hostname);
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
    }) as typeof lookup;
    return { resolve, asked };
  };

  it.each([
    "127.0.0.1",
    "127.1",
    "0x7f.1",
    "0177.1",
    "2130706433",
    "①②⑦.⓪.⓪.①",
    "[::ffff:127.0.0.1]",
    "localhost",
  ])("http://%s leads to no connection", async (host) => {
    const canary = await startRawServer(() => {});
    const posting = post(`http://${host}:${canary.port}/`, { mayConnect: isPublicAddress });
    await expect(posting).rejects.toBeInstanceOf(WebhookAddressRefusedError);
    expect(canary.connections()).toBe(0);
  });

  it.each([[["127.0.0.1"]], [["8.8.8.8", "127.0.0.1"]], [["::ffff:127.0.0.1"]], [["::1", "8.8.8.8"]]])(
    "a name that resolves to %j leads to no connection",
    async (addresses) => {
      const canary = await startRawServer(() => {});
      const { resolve } = resolveTo(addresses);
      const posting = post(`http://hook.example:${canary.port}/`, { mayConnect: isPublicAddress, resolve });
      const failure = await posting.catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(WebhookAddressRefusedError);
      expect(String(failure)).not.toContain("127.0.0.1");
      expect(canary.connections()).toBe(0);
    },
  );

  it("a name that changes its address after the check gains nothing: it is resolved once", async () => {
    await using receiver = await startTestServer(answerWith(200, {}));
    const canary = await startRawServer(() => {});
    const { resolve, asked } = resolveTo(["127.0.0.1"], ["127.0.0.2"]);
    const url = `http://hook.example:${new URL(receiver.url).port}/`;
    await post(url, { mayConnect: (address) => address === "127.0.0.1", resolve });
    expect(asked).toEqual(["hook.example"]);
    expect(receiver.seen).toMatchObject([
      { headers: { host: `hook.example:${new URL(receiver.url).port}` } },
    ]);
    expect(canary.connections()).toBe(0);
  });

  it.each([301, 302, 303, 307, 308])(
    "a redirect with %i is an answer and is not followed",
    async (status) => {
      const canary = await startRawServer(() => {});
      const location = `http://127.0.0.1:${canary.port}/`;
      await using receiver = await startTestServer(answerWith(status, {}, { location }));
      expect(await post(receiver.url)).toMatchObject({ statusCode: status });
      expect(receiver.seen).toHaveLength(1);
      expect(canary.connections()).toBe(0);
    },
  );

  it("a name without an address is worth another attempt", async () => {
    const { resolve } = resolveTo([]);
    await expect(post("http://hook.example/", { resolve })).rejects.toBeInstanceOf(WebhookFailedError);
  });
});

describe("faults: slow, endless and huge receivers", () => {
  it("one that never answers is given up after the time", async () => {
    const receiver = await startRawServer(() => {});
    const failure = await post(`http://127.0.0.1:${receiver.port}/`, { timeoutMs: 100 }).catch(
      (e: unknown) => e,
    );
    expect(failure).toMatchObject({ code: "WEBHOOK_FAILED", message: expect.stringContaining("100 ms") });
  });

  it("one that sends its headers byte by byte is given up after the time", async () => {
    const receiver = await startRawServer((socket) => {
      const drip = setInterval(() => socket.write("x"), 10);
      socket.on("close", () => clearInterval(drip));
      socket.write("HTTP/1.1 200 OK\r\nx-drip: ");
    });
    const posting = post(`http://127.0.0.1:${receiver.port}/`, { timeoutMs: 200 });
    await expect(posting).rejects.toBeInstanceOf(WebhookFailedError);
  });

  it("one whose answer never ends is cut off, and its status counts", async () => {
    const cut = Promise.withResolvers<void>();
    const receiver = await startRawServer((socket) => {
      socket.on("close", () => cut.resolve());
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const flood = () => {
        while (socket.writable && socket.write(`3e8\r\n${"x".repeat(1_000)}\r\n`));
        socket.once("drain", flood);
      };
      flood();
    });
    // So long that only reading no further can end it within the test's time.
    const answer = await post(`http://127.0.0.1:${receiver.port}/`, { timeoutMs: 3_600_000 });
    expect(answer).toEqual({ statusCode: 200, excerpt: "x".repeat(1_024) });
    await cut.promise;
  });

  it("one that stops in the middle of its answer is not waited for past the time, and its status counts", async () => {
    const receiver = await startRawServer((socket) => {
      socket.write("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\nhalf");
    });
    const answer = await post(`http://127.0.0.1:${receiver.port}/`, { timeoutMs: 200 });
    expect(answer).toEqual({ statusCode: 201, excerpt: "half" });
  });

  it.each([
    ["megabytes of headers", `HTTP/1.1 200 OK\r\nx-big: ${"x".repeat(2_000_000)}\r\n\r\n`],
    ["something else than HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["nothing but a hang-up", ""],
  ])("one that answers with %s has not taken it", async (_, answer) => {
    const receiver = await startRawServer((socket) => socket.end(answer));
    await expect(post(`http://127.0.0.1:${receiver.port}/`)).rejects.toBeInstanceOf(WebhookFailedError);
  });

  it("one that switches protocols is hung up on", async () => {
    const receiver = await startRawServer((socket) =>
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
    );
    expect(await post(`http://127.0.0.1:${receiver.port}/`)).toMatchObject({ statusCode: 101 });
  });

  it("control characters in an answer do not reach the log", async () => {
    await using receiver = await startTestServer((_request, response) =>
      response.end("a\r\n\u001b[31mb\u0000c"),
    );
    expect(await post(receiver.url)).toEqual({ statusCode: 200, excerpt: "a [31mb c" });
  });
});
