import type { OrderDocument } from "../order-document.ts";
import type { ShopStore } from "../shop.ts";
import { OrderNotFoundError } from "./order-errors.ts";
import { readOrder } from "./order-view.ts";

/**
 * Reads what mails and invoices say about an order.
 * @throws {OrderNotFoundError}
 */
export async function readOrderDocument(
  store: Pick<ShopStore, "read">,
  orderId: string,
): Promise<OrderDocument> {
  const order = await readOrder(store, orderId);
  if (!order) throw new OrderNotFoundError(orderId);
  return { ...order, createdAt: new Date(order.createdAt) };
}
