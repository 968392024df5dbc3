import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { readComposeFile } from "./compose-file.ts";

const composeServices = Object.entries(readComposeFile().services);
const PORTS = ["API_PORT", "ADMIN_PORT", "WORKER_HEALTH_PORT", "SCHEDULER_HEALTH_PORT"];

let stop: () => void = () => {};

afterEach(() => stop());

/** Answers `GET /health` with a status, everything else with 404. */
async function serveHealth(status: number): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/health" ? status : 404).end();
  });
  stop = () => void server.close();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP server's address is an object.
  return (server.address() as AddressInfo).port;
}

/** Runs a service's check as the engine would and returns how it exits: 0 healthy, 1 unhealthy. */
async function check(service: string, port: number): Promise<number> {
  const found = composeServices.find(([name]) => name === service);
  if (!found) throw new Error(`docker-compose.yml has no service ${service}`);
  const [, { environment, healthcheck }] = found;
  const [kind, program, ...args] = healthcheck.test;
  expect([kind, program]).toEqual(["CMD", "node"]);
  const named = PORTS.filter((name) => name in environment);
  expect(named).toHaveLength(1);
  const entries = Object.entries(environment).map(([name, value]) => [
    name,
    name === named[0] ? String(port) : String(value),
  ]);
  const env = Object.fromEntries(entries);
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env });
    child.on("exit", (code) => resolve(code ?? -1));
  });
}

describe.each(composeServices.map(([name]) => name))("the health check of %s", (service) => {
  it("passes while /health answers 200", async () => {
    expect(await check(service, await serveHealth(200))).toBe(0);
  });

  it("fails when /health answers 503", async () => {
    expect(await check(service, await serveHealth(503))).toBe(1);
  });

  it("fails when nobody listens", async () => {
    const port = await serveHealth(200);
    stop();
    expect(await check(service, port)).toBe(1);
  });
});
