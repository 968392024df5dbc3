import type { Page } from "@holdfast/queue-core";
import { sql } from "kysely";
import type { Shop, ShopTransaction } from "../shop.ts";
import type { DeliveryStatus } from "../shop-tables.ts";
import { enqueueDelivery } from "./enqueue-delivery.ts";
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
  /** The job that delivers it, or did last; null for those of before it was noted. */
  readonly jobId: string | null;
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
    jobId: row.job_id,
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
      .select(["webhook_deliveries.status", "webhook_deliveries.job_id"])
      .where("webhook_deliveries.id", "=", id)
      .where("webhook_endpoints.is_active", "=", 1)
      .executeTakeFirst();
    if (!delivery) throw new WebhookNotFoundError("delivery", id);
    // Leaving alone what is being tried is what keeps two operators from sending it twice.
    if (delivery.status === "pending" && (await isTried(tx, delivery.job_id))) {
      throw new WebhookPendingError(id);
    }
    await tx.sql
      .updateTable("webhook_deliveries")
      .set({ status: "pending", delivered_at: null })
      .where("id", "=", id)
      .execute();
    return await enqueueDelivery(tx, queue, id);
  });
}

/** The log alone does not tell: a job that was cancelled, or killed its worker, ended without a word in it. */
async function isTried(tx: ShopTransaction, jobId: string | null): Promise<boolean> {
  if (jobId === null) return true;
  // In the transaction, where what others did that share its commit is seen; by row number, as the id has no index.
  const seq = Number.parseInt(jobId.slice(-12), 16);
  const { rows } = await sql<{ status: string }>`SELECT status FROM jobs WHERE seq = ${seq}`.execute(tx.sql);
  const [job] = rows;
  return job !== undefined && !["completed", "cancelled"].includes(job.status);
}
