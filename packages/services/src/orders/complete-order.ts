import type { Shop, ShopTransaction } from "../shop.ts";
import { enqueueOrderWebhooks } from "../webhooks/order-webhooks.ts";
import { removeStock } from "./stock.ts";

type Completing = Pick<Shop, "queue" | "clock">;
type Step = "invoiced_at" | "inventory_synced_at";

/**
 * Records that an order has its invoice, for `ctx.onCommit` of `generate_invoice`; completes the order if its
 * inventory is done too.
 */
export async function recordInvoice(tx: ShopTransaction, shop: Completing, orderId: string): Promise<void> {
  if (await markStep(tx, shop, orderId, "invoiced_at")) await completeIfDone(tx, shop, orderId);
}

/**
 * Takes an order's goods out of stock, once, for `ctx.onCommit` of `sync_inventory`; completes the order if its invoice
 * is done too.
 */
export async function recordInventory(tx: ShopTransaction, shop: Completing, orderId: string): Promise<void> {
  if (!(await markStep(tx, shop, orderId, "inventory_synced_at"))) return;
  await removeStock(tx, orderId);
  await completeIfDone(tx, shop, orderId);
}

/** @returns false if the step was taken before, or the order is not one that takes steps */
async function markStep(
  { sql }: ShopTransaction,
  { clock }: Completing,
  orderId: string,
  step: Step,
): Promise<boolean> {
  const nowMs = clock.now();
  const { numUpdatedRows } = await sql
    .updateTable("orders")
    .set({ [step]: nowMs, updated_at: nowMs })
    .where("id", "=", orderId)
    .where("status", "=", "paid")
    .where(step, "is", null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Writers take turns, so of two steps that end together exactly one finds the other done. */
async function completeIfDone(
  tx: ShopTransaction,
  { queue, clock }: Completing,
  orderId: string,
): Promise<void> {
  const nowMs = clock.now();
  const { numUpdatedRows } = await tx.sql
    .updateTable("orders")
    .set({ status: "completed", completed_at: nowMs, updated_at: nowMs })
    .where("id", "=", orderId)
    .where("status", "=", "paid")
    .where("invoiced_at", "is not", null)
    .where("inventory_synced_at", "is not", null)
    .executeTakeFirst();
  if (numUpdatedRows === 1n) await enqueueOrderWebhooks(tx, queue, orderId);
}
