import { recordInventory } from "../orders/complete-order.ts";
import { OrderNotFoundError } from "../orders/order-errors.ts";
import type { Shop, ShopTransaction } from "../shop.ts";
import type { Inventory } from "./inventory.ts";

/** What the job that syncs has to say about its run; a job's context has all of it. */
export interface InventoryRun {
  readonly signal: AbortSignal;
  onCommit(effect: (tx: ShopTransaction) => Promise<void>): void;
}

/**
 * Takes an order's goods out of stock: tells the inventory first, then lowers the shop's own table in the transaction
 * that completes the job. Once per order, however often it runs.
 * @throws {OrderNotFoundError | InventoryRefusedError | InventoryUnavailableError}
 */
export async function syncInventory(
  shop: Pick<Shop, "store" | "queue" | "clock">,
  inventory: Inventory,
  orderId: string,
  run: InventoryRun,
): Promise<void> {
  const order = await shop.store.read
    .selectFrom("orders")
    .select("inventory_synced_at")
    .where("id", "=", orderId)
    .executeTakeFirst();
  if (!order) throw new OrderNotFoundError(orderId);
  if (order.inventory_synced_at !== null) return;
  const lines = await shop.store.read
    .selectFrom("order_items")
    .select(["product_id as productId", "quantity"])
    .where("order_id", "=", orderId)
    .execute();
  // The order's key and not the job's: whichever job comes to it, goods leave once.
  const key = `withdrawal-${orderId}`;
  await inventory.withdraw({ orderId, lines, key, signal: run.signal });
  run.onCommit((tx) => recordInventory(tx, shop, orderId));
}
