import { randomBytes } from "node:crypto";
import type { jobs } from "@holdfast/job-schemas";
import { type Clock, type JobStore, type Queue, systemClock, type Transaction } from "@holdfast/queue-core";
import type { Logger } from "pino";
import type { PaymentGateway } from "./payment/payment-gateway.ts";
import type { ShopTables } from "./shop-tables.ts";

/** The store that holds the shop's tables beside the queue's. */
export type ShopStore = JobStore<ShopTables>;

/** The queue with the shop's job types. */
export type ShopQueue = Queue<typeof jobs, ShopTables>;

/** A transaction that holds the shop's SQL and the jobs that go with it. */
export type ShopTransaction = Transaction<ShopTables>;

/** What the shop's use cases work with. */
export interface Shop {
  readonly store: ShopStore;
  readonly queue: ShopQueue;
  readonly payments: PaymentGateway;
  readonly log: Logger;
  readonly clock: Clock;
  /** Makes the id of an order; ids sort by time and cannot be guessed. */
  readonly newOrderId: (nowMs: number) => string;
}

/** Puts the shop together; time and ids are the machine's own unless given. */
export function createShop(
  parts: Pick<Shop, "store" | "queue" | "payments" | "log"> & Partial<Pick<Shop, "clock" | "newOrderId">>,
): Shop {
  return { clock: systemClock, newOrderId: randomOrderId, ...parts };
}

/** 64 random bits behind the time: whoever knows one order's id cannot find another's. */
function randomOrderId(nowMs: number): string {
  return `ord-${nowMs.toString(16).padStart(11, "0")}-${randomBytes(8).toString("hex")}`;
}
