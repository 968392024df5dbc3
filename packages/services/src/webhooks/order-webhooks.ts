import { createHash } from "node:crypto";
import { readOrder } from "../orders/order-view.ts";
import type { ShopQueue, ShopTransaction } from "../shop.ts";
import { enqueueDelivery } from "./enqueue-delivery.ts";

/** The event that tells receivers an order is done. */
const ORDER_COMPLETED = "order.completed";

/**
 * Prepares the delivery of `order.completed` to every active endpoint, in the transaction that completes the order:
 * one row and one `send_webhook` job each. Doing it again adds nothing.
 * @param orderId an order with `completed_at` set, which is the time of the event
 */
export async function enqueueOrderWebhooks(
  tx: ShopTransaction,
  queue: ShopQueue,
  orderId: string,
): Promise<void> {
  const endpoints = await tx.sql
    .selectFrom("webhook_endpoints")
    .select("id")
    .where("is_active", "=", 1)
    .orderBy("id")
    .execute();
  if (endpoints.length === 0) return;

  const { completed_at: completedAtMs, workflow_id: workflowId } = await tx.sql
    .selectFrom("orders")
    .select(["completed_at", "workflow_id"])
    .where("id", "=", orderId)
    .where("completed_at", "is not", null)
    .$narrowType<{ completed_at: number }>()
    .executeTakeFirstOrThrow();
  const event = {
    // One id per event, whoever receives it and however often: receivers tell repeats by it.
    event_id: `evt-${orderId}-completed`,
    event_type: ORDER_COMPLETED,
    body: await composeBody(tx, orderId, completedAtMs),
  };
  for (const endpoint of endpoints) {
    const id = deliveryId(completedAtMs, endpoint.id, event.event_id);
    const { numInsertedOrUpdatedRows } = await tx.sql
      .insertInto("webhook_deliveries")
      .values({ id, endpoint_id: endpoint.id, ...event, status: "pending", created_at: completedAtMs })
      .onConflict((on) => on.columns(["endpoint_id", "event_id"]).doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) {
      // Detached: an order is complete without anyone having heard of it.
      await enqueueDelivery(tx, queue, id, { workflowId, detached: true });
    }
  }
}

/** Type, time and data at the top, as Standard Webhooks advises; these very bytes are signed and sent. */
async function composeBody(tx: ShopTransaction, orderId: string, completedAtMs: number): Promise<string> {
  const order = await readOrder({ read: tx.sql }, orderId);
  if (!order) throw new Error(`Order ${orderId} was read a moment ago in this transaction and is gone`);
  const { workflowId: _, ...data } = order;
  const timestamp = new Date(completedAtMs).toISOString();
  return JSON.stringify({ type: ORDER_COMPLETED, timestamp, data: { ...data, completedAt: timestamp } });
}

/** Sorts by time, and is the same whenever it is made: a transaction that runs again must not make another. */
function deliveryId(atMs: number, endpointId: string, eventId: string): string {
  const tail = createHash("sha256").update(`${endpointId} ${eventId}`).digest("hex").slice(0, 16);
  return `whd-${atMs.toString(16).padStart(11, "0")}-${tail}`;
}
