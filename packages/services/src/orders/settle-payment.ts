import type { Shop, ShopTransaction } from "../shop.ts";
import type { OrderStatus } from "../shop-tables.ts";
import { OrderNotFoundError } from "./order-errors.ts";
import { nextCheckMs, type PaymentOutcome, SETTLEMENTS, UNDECIDED } from "./settlement.ts";
import { releaseStock } from "./stock.ts";

const DAY_MS = 24 * 60 * 60_000;

/**
 * Writes down how an order's payment ended, with all that follows: a paid order gets its first jobs, an unpaid one
 * gives its stock back. Whoever comes second (the request, the job, the reconciler) changes nothing.
 * @returns the order's status after it
 * @throws {OrderNotFoundError}
 */
export async function settlePayment(
  tx: ShopTransaction,
  { queue, clock }: Pick<Shop, "queue" | "clock">,
  orderId: string,
  outcome: PaymentOutcome,
): Promise<OrderStatus> {
  // Read under the write lock, so that payment times and commits are in the same order; the daily report relies on it.
  const nowMs = clock.now();
  const { order: status, intent } = SETTLEMENTS[outcome.kind];
  const settled = await tx.sql
    .updateTable("orders")
    .set({ status, updated_at: nowMs, ...(status === "paid" ? { paid_at: nowMs } : {}) })
    .where("id", "=", orderId)
    .where("status", "in", UNDECIDED)
    .returning(["id", "user_id", "workflow_id"])
    .executeTakeFirst();
  if (!settled) return await settleLate(tx, orderId, outcome, nowMs);

  await updateIntent(tx, orderId, intent, outcome, nowMs);
  if (status === "paid") {
    const payload = { orderId, userId: settled.user_id };
    const workflowId = settled.workflow_id;
    await queue.enqueue("send_order_confirmation", payload, { tx, workflowId });
    await queue.enqueueDelayed("send_followup_email", payload, DAY_MS, { tx, workflowId, detached: true });
  } else if (status !== "payment_unknown") {
    await releaseStock(tx, orderId);
  }
  return status;
}

async function updateIntent(
  { sql }: ShopTransaction,
  orderId: string,
  intent: (typeof SETTLEMENTS)[PaymentOutcome["kind"]]["intent"],
  outcome: PaymentOutcome,
  nowMs: number,
): Promise<void> {
  const { checks } = await sql
    .selectFrom("payment_intents")
    .select("checks")
    .where("order_id", "=", orderId)
    .executeTakeFirstOrThrow();
  await sql
    .updateTable("payment_intents")
    .set({
      status: intent,
      // No charge is made any more, whatever the outcome: from here on the gateway is only asked.
      token: null,
      charge_id: outcome.kind === "succeeded" ? outcome.chargeId : null,
      reason: "reason" in outcome ? outcome.reason : null,
      check_at: nextCheckMs(outcome.kind, nowMs, checks),
      checks: checks + 1,
      updated_at: nowMs,
    })
    .where("order_id", "=", orderId)
    .execute();
}

/** The order was decided before this outcome came in. Only money taken for one that was given up needs an answer. */
async function settleLate(
  { sql }: ShopTransaction,
  orderId: string,
  outcome: PaymentOutcome,
  nowMs: number,
): Promise<OrderStatus> {
  const order = await sql.selectFrom("orders").select("status").where("id", "=", orderId).executeTakeFirst();
  if (!order) throw new OrderNotFoundError(orderId);
  if (outcome.kind === "succeeded") {
    // Its stock may be sold by now, so the order is not revived: the reconciler gives the money back.
    await sql
      .updateTable("payment_intents")
      .set({ status: "refund_due", charge_id: outcome.chargeId, check_at: nowMs, updated_at: nowMs })
      .where("order_id", "=", orderId)
      .where("status", "in", ["abandoned", "declined"])
      .execute();
  }
  return order.status;
}
