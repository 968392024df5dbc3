import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobs } from "@holdfast/job-schemas";
import { createQueue, createWorker, type DeadLetter, type Job, type Worker } from "@holdfast/queue-core";
import { FakeClock } from "@holdfast/queue-core/testing";
import type { Shop } from "@holdfast/services";
import { placeOrder } from "@holdfast/services/orders";
import { openShopStore, readEnvironment } from "@holdfast/services/process";
import { pino } from "pino";
import PostalMime, { type Email } from "postal-mime";
import { onTestFinished } from "vitest";
import { createServices, workerShape } from "../src/create-services.ts";
import type { ShopJobType } from "../src/handler.ts";
import { createHandlers } from "../src/handlers.ts";
import type { WorkerServices } from "../src/worker-services.ts";

export interface TestWorkerOptions {
  /** Variables beside those that make simulated services quick and reliable. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly types?: readonly ShopJobType[];
  /** Watches or hinders the real services. */
  readonly services?: (services: WorkerServices) => WorkerServices;
}

/** A worker on a database file of its own, with a clock that is moved by hand. */
export interface TestWorker {
  readonly shop: Shop;
  readonly clock: FakeClock;
  readonly folder: string;
  readonly worker: Worker;
  /** Places a paid order of two keyboards and returns its id. */
  order(): Promise<string>;
  /** Looks again after each line of the worker's log, until there is something. */
  until<Found>(look: () => Promise<Found | undefined> | Found | undefined): Promise<Found>;
  /** Waits until the only job of a type is in a state. */
  reaches(type: ShopJobType, status: Job["status"]): Promise<Job>;
  /** Waits until a job of a type is among the dead letters. */
  dies(type: ShopJobType): Promise<DeadLetter>;
  jobsOf(type: ShopJobType): Promise<readonly Job[]>;
  /** The messages of the simulated mailer, by subject. */
  outbox(): Promise<Email[]>;
}

const QUICK = {
  NODE_ENV: "test",
  DATABASE_URL: "file:./shop.db",
  DATA_DIR: "./data",
  INVOICE_DIR: "./invoices",
  SIM_EMAIL_MS: "0",
  SIM_EMAIL_FAILURE: "0",
  SIM_PDF_MS: "0",
  SIM_PDF_FAILURE: "0",
  SIM_PAYMENT_MS: "0",
  SIM_INVENTORY_MS: "0",
  WEBHOOK_ALLOW_PRIVATE: "1",
};

/** Starts a worker; it stops and its files go when the test ends. */
export async function openTestWorker(options: TestWorkerOptions = {}): Promise<TestWorker> {
  const { variables = {}, types, services: change = (services) => services } = options;
  const folder = mkdtempSync(join(tmpdir(), "holdfast-worker-"));
  const environment = readEnvironment(workerShape, {
    variables: { ...QUICK, ...variables },
    file: null,
    folder,
  });
  const { log, changed } = createWatchedLog();
  const clock = new FakeClock();
  const store = await openShopStore(environment, { clock });
  const queue = createQueue({ store, jobs, clock });
  const services = change(createServices(environment, queue, log, clock));
  const handlers = createHandlers(services);
  const worker = createWorker({
    queue,
    handlers,
    ...(types && { types }),
    pollMs: 5,
    shutdownMs: 1_000,
    log,
  });
  worker.start();
  onTestFinished(async () => {
    await worker.stop();
    await services.mailer.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const until: TestWorker["until"] = async (look) => {
    for (;;) {
      // Asked for before looking: a line in between must not be missed.
      const next = changed();
      const found = await look();
      if (found !== undefined) return found;
      await next;
    }
  };
  const jobsOf: TestWorker["jobsOf"] = async (type) => (await store.listJobs({ type, limit: 100 })).items;
  return {
    shop: services.shop,
    clock,
    folder,
    worker,
    until,
    jobsOf,
    async order() {
      const items = [{ productId: "prod-1", quantity: 2 }];
      const request = { userId: "u1", email: "u1@example.com", items, paymentToken: "tok_visa" };
      return (await placeOrder(services.shop, request)).id;
    },
    reaches: (type, status) => until(async () => (await jobsOf(type)).find((job) => job.status === status)),
    dies: (type) => until(async () => (await store.listDeadLetters({ type, limit: 1 })).items[0]),
    async outbox() {
      const outbox = join(environment.DATA_DIR, "outbox");
      const names = readdirSync(join(environment.DATA_DIR)).includes("outbox")
        ? readdirSync(outbox).sort()
        : [];
      return await Promise.all(names.map((name) => PostalMime.parse(readFileSync(join(outbox, name)))));
    },
  };
}

/** A log that tells when there is a new line. */
function createWatchedLog() {
  let next = Promise.withResolvers<void>();
  const write = (): void => {
    next.resolve();
    next = Promise.withResolvers<void>();
  };
  return { log: pino({ level: "debug" }, { write }), changed: () => next.promise };
}
