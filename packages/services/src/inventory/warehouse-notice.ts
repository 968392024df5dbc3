import type { Shop, ShopTransaction } from "../shop.ts";

/**
 * Puts an order on the warehouse's list of what to pick, once, for `ctx.onCommit` of `notify_warehouse`.
 * @param orderId an existing order's id
 */
export async function recordWarehouseNotice(
  { sql }: ShopTransaction,
  { clock }: Pick<Shop, "clock">,
  orderId: string,
): Promise<void> {
  const lines = await sql
    .selectFrom("order_items")
    .innerJoin("products", "products.id", "order_items.product_id")
    .select([
      "order_items.product_id as productId",
      "products.name as name",
      "order_items.quantity as quantity",
    ])
    .where("order_items.order_id", "=", orderId)
    .orderBy("order_items.product_id")
    .execute();
  await sql
    .insertInto("warehouse_notices")
    .values({ order_id: orderId, lines: JSON.stringify(lines), created_at: clock.now() })
    .onConflict((on) => on.doNothing())
    .execute();
}
