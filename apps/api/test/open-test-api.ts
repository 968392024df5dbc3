import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouteDescriptor } from "@hectoday/http";
import { jobs } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import { FakeClock } from "@holdfast/queue-core/testing";
import { createShop, type Shop } from "@holdfast/services";
import { createPaymentGateway } from "@holdfast/services/payment";
import { openShopStore, startHttpServer } from "@holdfast/services/process";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { type ApiAppOptions, createApiApp } from "../src/api-app.ts";
import { checkAnswer } from "./check-answer.ts";

export interface TestApi {
  readonly shop: Shop;
  readonly clock: FakeClock;
  /** What the app answers, in the order of its router. */
  readonly routes: readonly RouteDescriptor[];
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  /** Every line the app has logged. */
  readonly logged: string[];
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A string is sent as it is, anything else as JSON. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  request(path: string, init: RequestInit): Promise<Answer>;
}

/** An answer with its body read. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into answers of every shape; a wrong guess fails the test.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export type TestApiOptions = Partial<Omit<ApiAppOptions, "shop">> & {
  /** How long the store waits for a lock, in milliseconds of the clock that nobody moves. */
  readonly busyMs?: number;
  /** Changes the parts of the shop, e.g. to hold a charge back. */
  readonly shop?: (shop: Shop) => Shop;
};

/** An API server on a port and a database file of its own; both go when the test ends. */
export async function openTestApi({
  shop: change = (shop) => shop,
  busyMs = 10_000,
  ...options
}: TestApiOptions = {}): Promise<TestApi> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-api-"));
  const clock = new FakeClock();
  const store = await openShopStore(
    { DATABASE_URL: join(folder, "shop.db"), DATABASE_BUSY_MS: busyMs },
    { clock },
  );
  const queue = createQueue({ store, jobs, clock });
  const payments = createPaymentGateway({ PAYMENT_URL: undefined, SIM_PAYMENT_MS: 0 }, store, clock);
  const logged: string[] = [];
  const log = pino({ level: "debug" }, { write: (line) => void logged.push(line) });
  const shop = change(createShop({ store, queue, payments, log, clock }));
  const app = createApiApp({
    webhookPolicy: { requireHttps: false, allowPrivate: true },
    apiKeys: undefined,
    ratePerMinute: 6_000,
    databasePath: join(folder, "shop.db"),
    isStopping: () => false,
    ...options,
    shop,
  });
  const server = await startHttpServer({ fetch: app.fetch, port: 0, log });
  onTestFinished(async () => {
    await server.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const request = async (path: string, init: RequestInit): Promise<Answer> => {
    const { status, headers, ...response } = await fetchWhole(`${server.url}${path}`, init);
    const isJson = headers.get("content-type")?.startsWith("application/json") ?? false;
    const body = isJson ? JSON.parse(response.text) : response.text;
    checkAnswer(app.routes, { method: init.method ?? "GET", path }, { status, body });
    return { status, headers, body };
  };
  return {
    shop,
    clock,
    routes: app.routes,
    url: server.url,
    port: server.port,
    folder,
    logged,
    request,
    get: (path, headers = {}) => request(path, { headers }),
    post: (path, body, headers = {}) =>
      request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}

async function fetchWhole(url: string, init: RequestInit) {
  const response = await fetch(url, { redirect: "manual", ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Sends bytes that no client library would send; resolves with all that came back once the server has closed. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      received += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(received));
  });
}

/** A good order of USB-C hubs. */
export const goodOrder = {
  userId: "u1",
  items: [{ productId: "prod-2", quantity: 1 }],
  paymentToken: "tok_visa",
};
