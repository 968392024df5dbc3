import type { Shop, ShopTransaction } from "../shop.ts";
import type { DeliveryStatus } from "../shop-tables.ts";

/** The rows that a record is about. */
export interface DeliveryTarget {
  readonly id: string;
  readonly endpoint_id: string;
}

/** Records that the receiver took it, for `ctx.onCommit` of `send_webhook`. */
export async function recordSuccess(
  { sql }: ShopTransaction,
  { clock }: Pick<Shop, "clock">,
  { id }: Pick<DeliveryTarget, "id">,
  statusCode: number,
): Promise<void> {
  await sql
    .updateTable("webhook_deliveries")
    .set((eb) => ({
      status: "delivered",
      attempts: eb("attempts", "+", 1),
      last_status_code: statusCode,
      last_error: null,
      delivered_at: clock.now(),
    }))
    .where("id", "=", id)
    .execute();
}

/** Why an attempt failed, and whether it was the last. */
export interface DeliveryFailure {
  readonly status: DeliveryStatus;
  readonly statusCode: number | null;
  readonly error: string;
  /** Its endpoint gets nothing any more. */
  readonly deactivate?: boolean;
}

/** Records an attempt that failed, at once: what a job registers for its completion is dropped when it fails. */
export async function recordFailure(
  { store }: Pick<Shop, "store">,
  target: DeliveryTarget,
  { status, statusCode, error, deactivate = false }: DeliveryFailure,
): Promise<void> {
  await store.transaction(
    async ({ sql }) => {
      await sql
        .updateTable("webhook_deliveries")
        .set((eb) => ({
          status,
          attempts: eb("attempts", "+", 1),
          last_status_code: statusCode,
          last_error: error,
        }))
        .where("id", "=", target.id)
        // A worker that lost its lease must not take back what its successor delivered.
        .where("status", "!=", "delivered")
        .execute();
      if (deactivate) {
        await sql
          .updateTable("webhook_endpoints")
          .set({ is_active: 0 })
          .where("id", "=", target.endpoint_id)
          .execute();
      }
    },
    // It only counts attempts and quotes errors: a power cut may forget the last one.
    { durability: "normal" },
  );
}
