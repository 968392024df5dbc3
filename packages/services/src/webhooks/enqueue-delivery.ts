import type { ShopQueue, ShopTransaction } from "../shop.ts";

/**
 * Adds the job that delivers, and notes it on the delivery.
 * @returns the job's id
 */
export async function enqueueDelivery(
  tx: ShopTransaction,
  queue: ShopQueue,
  deliveryId: string,
  settings: { readonly workflowId?: string; readonly detached?: boolean } = {},
): Promise<string> {
  const job = await queue.enqueue("send_webhook", { deliveryId }, { tx, ...settings });
  await tx.sql
    .updateTable("webhook_deliveries")
    .set({ job_id: job.id })
    .where("id", "=", deliveryId)
    .execute();
  return job.id;
}
