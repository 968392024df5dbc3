import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { jobs } from "@holdfast/job-schemas";
import { createQueue, type Job } from "@holdfast/queue-core";
import { createShop, type ShopStore } from "@holdfast/services";
import { placeOrder } from "@holdfast/services/orders";
import { createPaymentGateway } from "@holdfast/services/payment";
import { openShopStore } from "@holdfast/services/process";
import { pino } from "pino";
import { SMTPServer } from "smtp-server";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeFolder, startMain } from "./start-main.ts";

const PAYMENT = { PAYMENT_URL: undefined, SIM_PAYMENT_MS: 0 };

/** A database with a paid order, whose first job is the confirmation. */
async function openPaidOrder(
  folder: string,
): Promise<{ readonly store: ShopStore; confirmation(): Promise<Job> }> {
  const store = await openShopStore({ DATABASE_URL: join(folder, "shop.db") });
  onTestFinished(() => store.close());
  const queue = createQueue({ store, jobs });
  const log = pino({ enabled: false });
  const shop = createShop({ store, queue, payments: createPaymentGateway(PAYMENT, store), log });
  const items = [{ productId: "prod-1", quantity: 1 }];
  await placeOrder(shop, { userId: "u1", email: "u1@example.com", items, paymentToken: "tok_visa" });
  return {
    store,
    async confirmation() {
      const { items: found } = await store.listJobs({ type: "send_order_confirmation", limit: 1 });
      if (!found[0]) throw new Error("The paid order has no confirmation");
      return found[0];
    },
  };
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return address.port;
}

/** A real mail server that says when it has a message, and takes it when it is told to. */
async function startMailServer() {
  const reached = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    onData(stream, _session, callback) {
      stream.resume();
      stream.on("end", () => {
        reached.resolve();
        void allowed.promise.then(() => callback());
      });
    },
  });
  // The worker hangs up on it at the deadline; that is what the test is about.
  server.on("error", () => {});
  const port = await portOf(server.listen(0, "127.0.0.1"));
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return { url: `smtp://127.0.0.1:${port}`, reached: reached.promise, take: allowed.resolve };
}

describe("R3: a worker process", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("stops on %s with 0", async (signal) => {
    const main = startMain();
    await main.logged("worker started");
    main.child.kill(signal);
    expect(await main.exited).toBe(0);
  });

  it("finishes what runs before it stops, also when it is told twice", async () => {
    const folder = makeFolder();
    const order = await openPaidOrder(folder);
    const mail = await startMailServer();
    const main = startMain({ SMTP_URL: mail.url }, folder);
    await mail.reached;
    main.child.kill("SIGINT");
    main.child.kill("SIGTERM");
    await main.logged("worker stopping");
    mail.take();
    expect(await main.exited).toBe(0);
    expect(await order.confirmation()).toMatchObject({ status: "completed", attempts: 1 });
    // What the confirmation starts is left to the next worker.
    const { items } = await order.store.listJobs({ type: "generate_invoice", limit: 1 });
    expect(items).toMatchObject([{ status: "pending", attempts: 0 }]);
  });

  it("at its deadline hands back what still runs, unspent, and exits with 0", async () => {
    const folder = makeFolder();
    const order = await openPaidOrder(folder);
    const mail = await startMailServer();
    const main = startMain({ SMTP_URL: mail.url, WORKER_SHUTDOWN_MS: "50" }, folder);
    await mail.reached;
    main.child.kill("SIGTERM");
    expect(await main.exited).toBe(0);
    expect(await order.confirmation()).toMatchObject({ status: "pending", attempts: 0, lockedBy: null });
  });
});

describe("a worker refuses to start", () => {
  it("R3: with types that have no handler, and lists them", async () => {
    const main = startMain({ WORKER_TYPES: "send_webhook,send_telegram,send_fax" });
    expect(await main.exited).toBe(1);
    expect(main.plain.join("\n")).toContain(
      "WORKER_TYPES: no handler for send_telegram, send_fax; there are",
    );
  });

  it("R24: in production with simulated services, unless they are allowed", async () => {
    const main = startMain({ NODE_ENV: "production" });
    expect(await main.exited).toBe(1);
    expect(main.plain.join("\n")).toMatch(/SMTP_URL: required.*\n.*PAYMENT_URL: required/);

    const allowed = startMain({ NODE_ENV: "production", ALLOW_SIMULATED: "1" });
    await allowed.logged("worker started");
  });

  it("with a sender or a receiver of reports that is no address", async () => {
    const main = startMain({ MAIL_FROM: "the shop", REPORT_TO: "boss@example.com, eve@example.com" });
    expect(await main.exited).toBe(1);
    expect(main.plain.join("\n")).toMatch(/MAIL_FROM: .*\n.*REPORT_TO: /);
  });
});

describe("R19: the health port of a worker", () => {
  it("answers while it runs", async () => {
    const main = startMain({ WORKER_HEALTH_PORT: "0" });
    const { port } = await main.logged("health port open");
    const response = await fetch(`http://127.0.0.1:${String(port)}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ok" });
  });

  it("that is taken is logged and stops nothing", async () => {
    const other = createServer();
    onTestFinished(() => new Promise<void>((resolve) => other.close(() => resolve())));
    const port = await portOf(other.listen(0));
    const main = startMain({ WORKER_HEALTH_PORT: String(port) });
    expect(await main.logged("no health port: it cannot be opened")).toMatchObject({ port });
    await main.logged("worker started");
  });
});
