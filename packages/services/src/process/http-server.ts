import { Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import { serve } from "srvx";
import { failure } from "./failure.ts";
import { PortUnavailableError } from "./port-unavailable-error.ts";

export interface HttpServerOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** 0 lets the system choose. */
  readonly port: number;
  /** All interfaces by default. */
  readonly hostname?: string | undefined;
  readonly log: Logger;
  /** Bodies may have this many bytes; 262,144 by default. */
  readonly maxBodyBytes?: number;
  /** Time to send all headers, in milliseconds; 10,000 by default. */
  readonly headersTimeoutMs?: number;
  /** Time to send a whole request, in milliseconds; 30,000 by default. */
  readonly requestTimeoutMs?: number;
  /** An idle connection is kept this long, in milliseconds; 5,000 by default. */
  readonly idleTimeoutMs?: number;
  /** How long `close` waits for running requests, in milliseconds; 5,000 by default. */
  readonly drainMs?: number;
}

export interface HttpServer {
  /** The port it listens on. */
  readonly port: number;
  /** `http://localhost:<port>`. */
  readonly url: string;
  /** Takes no more connections, lets running requests finish and resolves once all connections are closed. */
  close(): Promise<void>;
}

/** Node looks for timed-out headers and requests this often; its own default of 30 s would add that much to 10 s. */
const TIMEOUT_CHECK_MS = 1_000;

/**
 * Serves an app over HTTP.
 * @returns once it listens
 * @throws {PortUnavailableError}
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { log, maxBodyBytes = 262_144, drainMs = 5_000 } = options;
  const server = serve({
    manual: true,
    silent: true,
    gracefulShutdown: false,
    port: options.port,
    ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
    maxRequestBodySize: maxBodyBytes,
    node: {
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      keepAliveTimeout: options.idleTimeoutMs ?? 5_000,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    fetch: async (request) => {
      if (!hasAddress(request)) return failure(400, "HOST_INVALID", "The Host header names no host and port");
      if (declaredBytes(request) > maxBodyBytes) return bodyTooLarge(maxBodyBytes);
      try {
        return await options.fetch(request);
      } catch (error) {
        log.error(
          { err: error, method: request.method },
          "request failed outside the app's own error handling",
        );
        return failure(500, "INTERNAL_ERROR", "Something went wrong on our side");
      }
    },
  });
  const node = server.node?.server;
  if (!(node instanceof Server)) throw new TypeError("srvx did not make an HTTP/1 server");
  const connections = trackConnections(node);
  try {
    await server.serve();
  } catch (cause) {
    throw cause instanceof Error ? new PortUnavailableError(options.port, { cause }) : cause;
  }

  const address = node.address();
  if (address === null || typeof address === "string") throw new TypeError("The server listens on no port");
  return {
    port: address.port,
    url: `http://localhost:${address.port}`,
    close: () => connections.close(drainMs),
  };
}

/**
 * Node's own `close` waits for every connection, also for one that never sends a byte, and srvx adds nothing: so idle
 * ones are ended here at once and busy ones with their answer.
 */
function trackConnections(server: Server): { close(drainMs: number): Promise<void> } {
  const open = new Set<Socket>();
  const answering = new Map<Socket, ServerResponse>();
  let closing = false;
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.prependListener("request", (request, response) => {
    const { socket } = request;
    if (closing) response.shouldKeepAlive = false;
    answering.set(socket, response);
    response.once("close", () => {
      if (answering.get(socket) === response) answering.delete(socket);
      if (closing) socket.destroySoon();
    });
  });
  const close = (drainMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      closing = true;
      const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
      server.close((error) => {
        clearTimeout(deadline);
        if (error) reject(error);
        else resolve();
      });
      for (const socket of open) {
        const response = answering.get(socket);
        if (response) response.shouldKeepAlive = false;
        else socket.destroySoon();
      }
    });
  // Closing twice waits for the same end.
  let closed: Promise<void> | undefined;
  return { close: (drainMs) => (closed ??= close(drainMs)) };
}

/**
 * Whether the request's URL is one. srvx makes it of the Host header, checks only the characters in that, and builds
 * some URLs at once: for `Host: a:99999` reading `url` throws, or gives what every `new URL` refuses.
 */
function hasAddress(request: Request): boolean {
  try {
    return URL.canParse(request.url);
  } catch {
    return false;
  }
}

function declaredBytes(request: Request): number {
  return Number(request.headers.get("content-length") ?? 0);
}

function bodyTooLarge(maxBodyBytes: number): Response {
  // The rest of the body is not read, so the connection cannot carry another request.
  const headers = { connection: "close" };
  return failure(413, "BODY_TOO_LARGE", `The body may have at most ${maxBodyBytes} bytes`, { headers });
}
