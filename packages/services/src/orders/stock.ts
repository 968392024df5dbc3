import type { ShopTransaction } from "../shop.ts";

/** So many of a product. */
export interface StockLine {
  readonly productId: string;
  readonly quantity: number;
}

/**
 * Holds goods back for an order, as far as there are enough.
 * @returns ids of the products that were short; roll back if there is any
 */
export async function reserveStock(
  { sql }: ShopTransaction,
  lines: readonly StockLine[],
): Promise<readonly string[]> {
  const short: string[] = [];
  for (const { productId, quantity } of lines) {
    // Check and change are one statement: reading first and writing after sold 181 of 100 when tried.
    const { numUpdatedRows } = await sql
      .updateTable("products")
      .set((eb) => ({ reserved: eb("reserved", "+", quantity) }))
      .where("id", "=", productId)
      .where((eb) => eb(eb("stock", "-", eb.ref("reserved")), ">=", quantity))
      .executeTakeFirst();
    if (numUpdatedRows === 0n) short.push(productId);
  }
  return short;
}

/** Lets an order's reserved goods be sold to others. */
export async function releaseStock(tx: ShopTransaction, orderId: string): Promise<void> {
  for (const { productId, quantity } of await readLines(tx, orderId)) {
    await tx.sql
      .updateTable("products")
      .set((eb) => ({ reserved: eb("reserved", "-", quantity) }))
      .where("id", "=", productId)
      .execute();
  }
}

/** Takes an order's reserved goods out of stock. */
export async function removeStock(tx: ShopTransaction, orderId: string): Promise<void> {
  for (const { productId, quantity } of await readLines(tx, orderId)) {
    await tx.sql
      .updateTable("products")
      .set((eb) => ({ stock: eb("stock", "-", quantity), reserved: eb("reserved", "-", quantity) }))
      .where("id", "=", productId)
      .execute();
  }
}

function readLines({ sql }: ShopTransaction, orderId: string): Promise<StockLine[]> {
  return sql
    .selectFrom("order_items")
    .select(["product_id as productId", "quantity"])
    .where("order_id", "=", orderId)
    .execute();
}
