import { FaultLog } from "@holdfast/queue-core";
import type { Logger } from "pino";
import { failure } from "./failure.ts";
import { answerHealth, type HealthSource } from "./health-report.ts";
import { type HttpServer, startHttpServer } from "./http-server.ts";

export interface HealthPortOptions {
  /** Undefined opens none. */
  readonly port: number | undefined;
  readonly queue: HealthSource;
  readonly log: Logger;
}

export interface HealthPort {
  /** Null if none is open. */
  readonly port: number | null;
  close(): Promise<void>;
}

const NO_PORT: HealthPort = { port: null, close: () => Promise.resolve() };

/**
 * Answers `GET /health` for a process that serves nothing else. A port that is taken is logged and stops nothing: a
 * worker without a probe is better than no worker.
 */
export async function openHealthPort({ port, queue, log }: HealthPortOptions): Promise<HealthPort> {
  if (port === undefined) return NO_PORT;
  const faults = new FaultLog(log);
  let server: HttpServer;
  try {
    server = await startHttpServer({
      port,
      log,
      maxBodyBytes: 0,
      fetch: (request) => answer(request, queue, faults),
    });
  } catch (error) {
    log.error({ err: error, port }, "no health port: it cannot be opened");
    return NO_PORT;
  }
  log.info({ port: server.port }, "health port open");
  return server;
}

async function answer(request: Request, queue: HealthSource, faults: FaultLog): Promise<Response> {
  if (request.method === "GET" && new URL(request.url).pathname === "/health")
    return await answerHealth(queue, faults);
  return failure(404, "NOT_FOUND", "There is only GET /health");
}
