import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../../src/process/http-server.ts";

const log = pino({ level: "silent" });
const open: HttpServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = await startHttpServer({ port: 0, log, fetch: () => new Response("hi"), ...options });
  open.push(server);
  return server;
}

async function dial(server: HttpServer): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

it("listens on the port that the system chose once it resolves", async () => {
  const server = await start();
  expect(server.port).toBeGreaterThan(0);
  expect(await (await fetch(server.url)).text()).toBe("hi");
});

it("refuses a port that is taken", async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toMatchObject({
    code: "PORT_UNAVAILABLE",
    message: expect.stringMatching(new RegExp(`^Cannot listen on port ${port}: .*EADDRINUSE`)),
  });
});

it("closes at once under a keep-alive client and one that never spoke", async () => {
  const server = await start({ idleTimeoutMs: 600_000, drainMs: 600_000 });
  const agent = new Agent({ keepAlive: true });
  const [response] = await once(httpRequest({ port: server.port, agent }).end(), "response");
  await text(response);
  const silent = await dial(server);
  const ended = once(silent, "close");
  await server.close();
  // Both timeouts above are longer than the test may take: only an end of the server's making comes in time.
  expect(await ended).toEqual([false]);
  agent.destroy();
});

it("lets a running request finish, ends its connection, and takes no other", async () => {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const server = await start({
    drainMs: 600_000,
    fetch: async () => {
      started.resolve();
      await finish.promise;
      return new Response("late but whole");
    },
  });
  const agent = new Agent({ keepAlive: true });
  const answered = once(httpRequest({ port: server.port, agent }).end(), "response");
  await started.promise;
  const closed = server.close();
  await expect(fetch(server.url)).rejects.toThrow("fetch failed");
  finish.resolve();
  const [response] = await answered;
  expect(await text(response)).toBe("late but whole");
  expect(response.headers.connection).toBe("close");
  await closed;
  agent.destroy();
});

it("cuts a request that outlasts the drain", async () => {
  const started = Promise.withResolvers<void>();
  const server = await start({
    drainMs: 10,
    fetch: () => {
      started.resolve();
      return new Promise<never>(() => {});
    },
  });
  const outcome = fetch(server.url).then(
    () => "answered",
    () => "cut",
  );
  await started.promise;
  await server.close();
  expect(await outcome).toBe("cut");
});

it("answers 413 to a body that says it is too long, without reading it", async () => {
  const server = await start({
    maxBodyBytes: 10,
    fetch: async (request) => new Response(await request.text()),
  });
  const fits = await fetch(server.url, { method: "POST", body: "0123456789" });
  expect([fits.status, await fits.text()]).toEqual([200, "0123456789"]);
  const socket = await dial(server);
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n");
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toContain('{"error":{"code":"BODY_TOO_LARGE"');
});

it("stops reading a body that grows too long", async () => {
  const failure = Promise.withResolvers<unknown>();
  const server = await start({
    maxBodyBytes: 10,
    fetch: async (request) => {
      await request.text().catch(failure.resolve);
      return new Response(null, { status: 413 });
    },
  });
  const socket = await dial(server);
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nb\r\n01234567890\r\n");
  expect(await failure.promise).toMatchObject({ code: "ERR_BODY_TOO_LARGE" });
});

it("answers 500 with the envelope when the app throws, and no word of the cause", async () => {
  const server = await start({
    fetch: () => {
      throw new Error("planted");
    },
  });
  const response = await fetch(server.url);
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    error: { code: "INTERNAL_ERROR", message: "Something went wrong on our side" },
  });
});

it.each(["a:99999", "1.2.3.4.5", "999.1.1.1", "[:::]", "[1.2.3.4]", "0xffffffffff"])(
  "answers 400 to a host that is none, before the app sees it: %s",
  async (host) => {
    const seen: string[] = [];
    const server = await start({
      fetch: (request) => {
        seen.push(new URL(request.url).pathname);
        return new Response("hi");
      },
    });
    // srvx normalises the second path at once, and the first when it is asked for.
    for (const path of ["/a", "/a/../b"]) {
      const socket = await dial(server);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      const answer = await text(socket);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('{"error":{"code":"HOST_INVALID"');
    }
    expect(seen).toEqual([]);
  },
);

it("ends a hundred connections that send half a request", async () => {
  const server = await start({ headersTimeoutMs: 100 });
  const ended = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const socket = await dial(server);
      socket.write("GET / HTTP/1.1\r\nhost: x\r\n");
      return await text(socket);
    }),
  );
  expect(ended.every((answer) => answer.startsWith("HTTP/1.1 408 "))).toBe(true);
  expect((await fetch(server.url)).status).toBe(200);
});

it("ends a connection whose body stops in the middle", async () => {
  const server = await start({
    headersTimeoutMs: 100,
    requestTimeoutMs: 100,
    fetch: async (request) => new Response(await request.text()),
  });
  const socket = await dial(server);
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf");
  // Had the server waited for the rest, this would never end.
  await text(socket);
  expect((await fetch(server.url, { method: "POST", body: "whole" })).status).toBe(200);
});
