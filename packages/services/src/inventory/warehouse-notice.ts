import { readItems } from "../orders/order-view.ts";
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
  const items = await readItems({ read: sql }, orderId);
  const lines = items.map(({ productId, name, quantity }) => ({ productId, name, quantity }));
  await sql
    .insertInto("warehouse_notices")
    .values({ order_id: orderId, lines: JSON.stringify(lines), created_at: clock.now() })
    .onConflict((on) => on.doNothing())
    .execute();
}
