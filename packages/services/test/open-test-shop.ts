import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobs } from "@holdfast/job-schemas";
import { createQueue, type Job } from "@holdfast/queue-core";
import { FakeClock } from "@holdfast/queue-core/testing";
import { pino } from "pino";
import type { PaymentGateway } from "../src/payment/payment-gateway.ts";
import { createSimulatedGateway } from "../src/payment/simulated-gateway.ts";
import { openShopStore } from "../src/process/open-shop-store.ts";
import { createShop, type Shop } from "../src/shop.ts";

/** A shop on a database file of its own, with a clock that is moved by hand. */
export interface TestShop extends Shop, AsyncDisposable {
  readonly clock: FakeClock;
  readonly folder: string;
  /** The jobs of all orders, as `type` or `type (status)` if they aren't pending. */
  jobTypes(): Promise<string[]>;
  /** `[stock, reserved]` of a product. */
  stockOf(productId: string): Promise<readonly [number, number]>;
}

export interface TestShopOptions {
  /** Wraps the simulated gateway, e.g. to hold a charge back. */
  readonly payments?: (simulated: PaymentGateway) => PaymentGateway;
  /** Opens the database of another test shop, as a second process would. */
  readonly beside?: TestShop;
}

/** Opens a shop on a new file; `await using` closes and deletes it. */
export async function openTestShop({
  payments = (gateway) => gateway,
  beside,
}: TestShopOptions = {}): Promise<TestShop> {
  const folder = beside?.folder ?? mkdtempSync(join(tmpdir(), "holdfast-shop-"));
  const clock = beside?.clock ?? new FakeClock();
  const store = await openShopStore({ DATABASE_URL: join(folder, "shop.db") }, { clock });
  const queue = createQueue({ store, jobs, clock });
  let charges = 0;
  const newChargeId = (): string => `ch-${beside ? "b" : "a"}-${++charges}`;
  const gateway = payments(createSimulatedGateway({ store, clock, delayMs: 0, newChargeId }));
  const shop = createShop({ store, queue, payments: gateway, clock, log: pino({ level: "silent" }) });
  const label = ({ type, status }: Job): string => (status === "pending" ? type : `${type} (${status})`);
  return {
    ...shop,
    clock,
    folder,
    jobTypes: async () => (await store.listJobs({ limit: 100 })).items.map(label).sort(),
    async stockOf(productId) {
      const { stock, reserved } = await store.read
        .selectFrom("products")
        .select(["stock", "reserved"])
        .where("id", "=", productId)
        .executeTakeFirstOrThrow();
      return [stock, reserved];
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      if (!beside) rmSync(folder, { recursive: true });
    },
  };
}

/** An order of keyboards, as the API's schema gives it. */
export function keyboards(quantity: number, paymentToken = "tok_visa") {
  return { userId: "u1", email: "u1@example.com", items: [{ productId: "prod-1", quantity }], paymentToken };
}

/** The row of an order's payment. */
export function intentOf({ store }: Pick<Shop, "store">, orderId: string) {
  return store.read
    .selectFrom("payment_intents")
    .selectAll()
    .where("order_id", "=", orderId)
    .executeTakeFirstOrThrow();
}
