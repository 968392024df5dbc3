import type { Shop } from "../shop.ts";
import { dayBounds } from "./local-day.ts";

/** A day's sales. */
export interface SalesReport {
  /** `YYYY-MM-DD` in `zone`. */
  readonly day: string;
  readonly zone: string;
  /** Orders paid on that day; by payment each order counts on exactly one day. */
  readonly orders: number;
  readonly revenueCents: number;
  /** At most ten, by revenue. */
  readonly topProducts: readonly {
    readonly productId: string;
    readonly name: string;
    readonly quantity: number;
    readonly revenueCents: number;
  }[];
}

const TOP_PRODUCTS = 10;

/**
 * Sums up the orders paid on a day and stores the sum in `sales_reports`; doing it again replaces it by the same.
 * @param day `YYYY-MM-DD`
 * @param zone the IANA zone whose day it is
 */
export async function makeSalesReport(
  { store, clock }: Pick<Shop, "store" | "clock">,
  day: string,
  zone: string,
): Promise<SalesReport> {
  const { startMs, endMs } = dayBounds(day, zone);
  // A payment's time is read under the write lock. Having held the lock after midnight, we know that every payment of
  // the day before is committed; without it a report made at 00:00:00 could miss one of 23:59:59.
  await store.transaction(async () => undefined, { durability: "normal" });

  const paid = store.read.selectFrom("orders").where("paid_at", ">=", startMs).where("paid_at", "<", endMs);
  const { orders, revenueCents } = await paid
    .select((eb) => [
      eb.fn.countAll<number>().as("orders"),
      eb.fn.coalesce(eb.fn.sum<number>("total_cents"), eb.val(0)).as("revenueCents"),
    ])
    .executeTakeFirstOrThrow();
  const topProducts = await paid
    .innerJoin("order_items", "order_items.order_id", "orders.id")
    .innerJoin("products", "products.id", "order_items.product_id")
    .select(({ fn, eb }) => [
      "order_items.product_id as productId",
      "products.name as name",
      fn.sum<number>("order_items.quantity").as("quantity"),
      fn.sum<number>(eb("order_items.quantity", "*", eb.ref("order_items.price_cents"))).as("revenueCents"),
    ])
    .groupBy(["order_items.product_id", "products.name"])
    .orderBy("revenueCents", "desc")
    .orderBy("productId")
    .limit(TOP_PRODUCTS)
    .execute();

  const report = { day, zone, orders, revenueCents, topProducts };
  await storeReport({ store, clock }, report);
  return report;
}

async function storeReport(
  { store, clock }: Pick<Shop, "store" | "clock">,
  report: SalesReport,
): Promise<void> {
  const row = {
    zone: report.zone,
    orders: report.orders,
    revenue_cents: report.revenueCents,
    top_products: JSON.stringify(report.topProducts),
    created_at: clock.now(),
  };
  await store.transaction(async ({ sql }) => {
    await sql
      .insertInto("sales_reports")
      .values({ day: report.day, ...row })
      .onConflict((on) => on.column("day").doUpdateSet(row))
      .execute();
  });
}
