import type { jobs } from "@holdfast/job-schemas";
import type { JobStore, Queue, Transaction } from "@holdfast/queue-core";
import type { ShopTables } from "./shop-tables.ts";

/** The store that holds the shop's tables beside the queue's. */
export type ShopStore = JobStore<ShopTables>;

/** The queue with the shop's job types. */
export type ShopQueue = Queue<typeof jobs, ShopTables>;

/** A transaction that holds the shop's SQL and the jobs that go with it. */
export type ShopTransaction = Transaction<ShopTables>;
