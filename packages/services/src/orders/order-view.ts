import type { Job } from "@holdfast/queue-core";
import type { Shop, ShopStore } from "../shop.ts";
import type { OrderStatus } from "../shop-tables.ts";

/** The only currency the shop sells in. */
export const CURRENCY = "USD";

/** An order as the API shows it. Times are ISO 8601 UTC. */
export interface OrderView {
  readonly id: string;
  readonly userId: string;
  readonly email: string;
  readonly status: OrderStatus;
  readonly currency: typeof CURRENCY;
  readonly totalCents: number;
  readonly items: readonly {
    readonly productId: string;
    readonly name: string;
    readonly quantity: number;
    readonly priceCents: number;
  }[];
  readonly createdAt: string;
  readonly workflowId: string;
}

/** What the API shows of a job of an order. */
export interface OrderJobView {
  readonly id: string;
  readonly type: string;
  readonly status: Job["status"];
  readonly attempts: number;
  readonly scheduledAt: string;
  readonly completedAt: string | null;
  readonly lastError: string | null;
}

/** Reads an order, or null if there is none with this id. */
export async function readOrder(
  { read }: Pick<ShopStore, "read">,
  orderId: string,
): Promise<OrderView | null> {
  const order = await read.selectFrom("orders").selectAll().where("id", "=", orderId).executeTakeFirst();
  if (!order) return null;
  return {
    id: order.id,
    userId: order.user_id,
    email: order.email,
    status: order.status,
    currency: CURRENCY,
    totalCents: order.total_cents,
    items: await readItems({ read }, orderId),
    createdAt: new Date(order.created_at).toISOString(),
    workflowId: order.workflow_id,
  };
}

/** Reads what was ordered, by product. */
export function readItems(
  { read }: Pick<ShopStore, "read">,
  orderId: string,
): Promise<{ productId: string; name: string; quantity: number; priceCents: number }[]> {
  return read
    .selectFrom("order_items")
    .innerJoin("products", "products.id", "order_items.product_id")
    .select([
      "order_items.product_id as productId",
      "products.name as name",
      "order_items.quantity as quantity",
      "order_items.price_cents as priceCents",
    ])
    .where("order_items.order_id", "=", orderId)
    .orderBy("order_items.product_id")
    .execute();
}

/** Reads an order with its workflow's jobs, as they were created, or null if there is none with this id. */
export async function readOrderWithJobs(
  { store }: Pick<Shop, "store">,
  orderId: string,
): Promise<(OrderView & { readonly jobs: readonly OrderJobView[] }) | null> {
  const order = await readOrder(store, orderId);
  if (!order) return null;
  const jobs = await store.workflowJobs(order.workflowId);
  return { ...order, jobs: jobs.map(viewJob) };
}

function viewJob(job: Job): OrderJobView {
  return {
    id: job.id,
    type: job.type,
    status: job.status,
    attempts: job.attempts,
    scheduledAt: job.scheduledAt.toISOString(),
    completedAt: job.completedAt?.toISOString() ?? null,
    lastError: job.lastError,
  };
}
