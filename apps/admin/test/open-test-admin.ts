import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App } from "@hectoday/http";
import { jobs } from "@holdfast/job-schemas";
import { createQueue, type DeadLetter } from "@holdfast/queue-core";
import { FakeClock } from "@holdfast/queue-core/testing";
import type { ShopQueue, ShopStore } from "@holdfast/services";
import { openShopStore, startHttpServer } from "@holdfast/services/process";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { Sessions } from "../src/access/sessions.ts";
import { createAdminApp } from "../src/admin-app.ts";
import { EventStreams } from "../src/event-streams.ts";

export const TOKEN = "an-admin-token-for-tests";

export interface TestAdmin {
  readonly app: App;
  readonly folder: string;
  /** Every line the app has logged. */
  readonly logged: string[];
  readonly queue: ShopQueue;
  readonly url: string;
  /** Moves the sessions' clock; the store's is the machine's. */
  readonly clock: FakeClock;
  /** A request as the operator's scripts send it, with the token. */
  readonly asOperator: (path: string, init?: { method?: string; body?: unknown }) => Promise<Answer>;
  /** A request as it is given: nobody's, unless its headers say otherwise. */
  readonly send: (path: string, init?: RequestInit) => Promise<Response>;
  /** Logs in as the form does; returns the session's cookie. */
  readonly logIn: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** A response whose JSON is whatever the test expects of it. */
interface Answer extends Response {
  // oxlint-disable-next-line typescript/no-explicit-any
  json(): Promise<any>;
}

interface TestAdminOptions {
  /** How long the store waits for a lock, in milliseconds. */
  readonly busyMs?: number;
  readonly mayDecrypt?: boolean;
  /** Between two signs of life of a stream of events, in milliseconds; as in production by default. */
  readonly beatMs?: number;
  /** The shop's own queue, if it is left out. */
  readonly queueOf?: (store: ShopStore) => ShopQueue;
}

/** An admin server on a port and a database file of its own; both go when the test ends. */
export async function openTestAdmin({
  busyMs = 10_000,
  mayDecrypt = false,
  beatMs = 15_000,
  queueOf = (store) => createQueue({ store, jobs }),
}: TestAdminOptions = {}): Promise<TestAdmin> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-admin-"));
  const store = await openShopStore({ DATABASE_URL: join(folder, "shop.db"), DATABASE_BUSY_MS: busyMs });
  const queue = queueOf(store);
  const clock = new FakeClock();
  const logged: string[] = [];
  const log = pino({}, { write: (line) => void logged.push(line) });
  const streams = new EventStreams({ queue, log, beatMs });
  const sessions = new Sessions(clock);
  const app = createAdminApp({ queue, token: TOKEN, sessions, streams, mayDecrypt, log });
  const server = await startHttpServer({ fetch: app.fetch, port: 0, log });

  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}${path}`, { redirect: "manual", ...init });
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await streams.close();
    await server.close();
    await store.close();
    rmSync(folder, { recursive: true });
  };
  onTestFinished(close);
  return {
    app,
    folder,
    logged,
    queue,
    url: server.url,
    clock,
    send,
    close,
    asOperator: (path, { method = "GET", body } = {}) =>
      send(path, {
        method,
        headers: { authorization: `Bearer ${TOKEN}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    logIn: async () => {
      const response = await send("/login", {
        method: "POST",
        headers: { origin: server.url },
        body: new URLSearchParams({ token: TOKEN }),
      });
      return response.headers.get("set-cookie")?.split(";")[0] ?? "";
    },
  };
}

/** Runs one `generate_invoice` until it is a dead letter. */
export async function makeDeadLetter(
  queue: ShopQueue,
  order: { orderId: string; userId?: string } = { orderId: "ord-1" },
  error: Error = new Error("ENOSPC: the disk is full"),
): Promise<DeadLetter> {
  const payload = { userId: "user-1", ...order };
  const { id } = await queue.enqueue("generate_invoice", payload, { maxAttempts: 1 });
  const claimed = await queue.dequeue("worker-1", { types: ["generate_invoice"] });
  if (claimed?.id !== id) throw new Error(`Claimed ${claimed?.id}, not ${id}`);
  await queue.failJob(claimed, error);
  const { items } = await queue.store.listDeadLetters({ limit: 200 });
  const made = items.find(({ originalJobId }) => originalJobId === id);
  if (!made) throw new Error(`Job ${id} did not become a dead letter`);
  return made;
}
