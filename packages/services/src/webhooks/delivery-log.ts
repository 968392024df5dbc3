import type { Page } from "@holdfast/queue-core";
import type { Shop } from "../shop.ts";
import type { DeliveryStatus } from "../shop-tables.ts";
import { WebhookNotFoundError, WebhookPendingError } from "./webhook-errors.ts";

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** The same for every receiver and every attempt: what receivers know repeats by. */
  readonly eventId: string;
  readonly eventType: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly lastStatusCode: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly deliveredAt: Date | null;
}

export interface WebhookDeliveryQuery {
  readonly endpointId?: string;
  readonly status?: DeliveryStatus;
  /** At most this many. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** Lists deliveries, newest first. */
export async function listWebhookDeliveries(
  { store }: Pick<Shop, "store">,
  { endpointId, status, limit, cursor }: WebhookDeliveryQuery,
): Promise<Page<WebhookDelivery>> {
  let query = store.read.selectFrom("webhook_deliveries").selectAll();
  if (endpointId !== undefined) query = query.where("endpoint_id", "=", endpointId);
  if (status !== undefined) query = query.where("status", "=", status);
  if (cursor !== undefined) query = query.where("id", "<", cursor);
  const rows = await query
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map((row) => ({
    id: row.id,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    eventType: row.event_type,
    status: row.status,
    attempts: row.attempts,
    lastStatusCode: row.last_status_code,
    lastError: row.last_error,
    createdAt: new Date(row.created_at),
    deliveredAt: row.delivered_at === null ? null : new Date(row.delivered_at),
  }));
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/**
 * Delivers an event again under the same event id, whether it had arrived or was given up.
 * @returns the id of the job that delivers it
 * @throws {WebhookPendingError} if it is still being tried
 * @throws {WebhookNotFoundError} if there is no such delivery, or its endpoint gets nothing any more
 */
export async function replayWebhookDelivery(
  { store, queue }: Pick<Shop, "store" | "queue">,
  id: string,
): Promise<string> {
  return await store.transaction(async (tx) => {
    const delivery = await tx.sql
      .selectFrom("webhook_deliveries")
      .innerJoin("webhook_endpoints", "webhook_endpoints.id", "webhook_deliveries.endpoint_id")
      .select("webhook_deliveries.status")
      .where("webhook_deliveries.id", "=", id)
      .where("webhook_endpoints.is_active", "=", 1)
      .executeTakeFirst();
    if (!delivery) throw new WebhookNotFoundError("delivery", id);
    // Leaving `pending` alone is what keeps two operators from sending it twice.
    if (delivery.status === "pending") throw new WebhookPendingError(id);
    await tx.sql
      .updateTable("webhook_deliveries")
      .set({ status: "pending", delivered_at: null })
      .where("id", "=", id)
      .execute();
    const job = await queue.enqueue("send_webhook", { deliveryId: id }, { tx });
    return job.id;
  });
}
