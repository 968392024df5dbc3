import type { Shop, ShopTransaction } from "../shop.ts";
import type { OrderStatus } from "../shop-tables.ts";
import { OrderNotFoundError, PaymentUnavailableError } from "./order-errors.ts";
import { settlePayment } from "./settle-payment.ts";
import { JOB_CHARGE_GRACE_MS, type PaymentOutcome, QUEUED_GRACE_MS } from "./settlement.ts";

/** What the job that charges has to say about its run; a job's context has all of it. */
export interface ProcessRun {
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly signal: AbortSignal;
  onCommit(effect: (tx: ShopTransaction) => Promise<void>): void;
}

/**
 * Charges an order that was placed for later; outcome and first jobs commit with the job. A run that dies in between
 * is repeated with the same key, so the customer pays once.
 * @returns how the charge ended, or the order's status if it was decided before
 * @throws {PaymentUnavailableError} if nothing was charged and another attempt is left
 * @throws the signal's reason if it cut the charge short
 */
export async function processOrder(
  shop: Shop,
  orderId: string,
  run: ProcessRun,
): Promise<PaymentOutcome["kind"] | OrderStatus> {
  const begun = await beginCharge(shop, orderId);
  if ("decided" in begun) return begun.decided;
  const outcome = await shop.payments.charge({ ...begun.charge, signal: run.signal });
  // Broken off by us: the next run charges with the same key and learns what came of it.
  if (outcome.kind === "unavailable" || outcome.kind === "unknown") run.signal.throwIfAborted();
  if (outcome.kind === "unavailable" && run.attempt < run.maxAttempts) {
    await returnToQueue(shop, orderId);
    throw new PaymentUnavailableError(orderId, outcome.reason);
  }
  run.onCommit(async (tx) => {
    await settlePayment(tx, shop, orderId, outcome);
  });
  return outcome.kind;
}

/** From here on it is the reconciler's to ask the gateway about it, should no run of the job come back in time. */
async function beginCharge({ store, clock }: Shop, orderId: string) {
  return await store.transaction(async ({ sql }) => {
    const order = await sql
      .selectFrom("orders")
      .select("status")
      .where("id", "=", orderId)
      .executeTakeFirst();
    if (!order) throw new OrderNotFoundError(orderId);
    const nowMs = clock.now();
    const intent = await sql
      .updateTable("payment_intents")
      .set({ status: "charging", check_at: nowMs + JOB_CHARGE_GRACE_MS, updated_at: nowMs })
      .where("order_id", "=", orderId)
      .where("status", "in", ["queued", "charging"])
      .returning(["idempotency_key", "amount_cents", "currency", "token"])
      .executeTakeFirst();
    // Without a token the charge is in the hands of the request that placed the order.
    if (!intent?.token) return { decided: order.status };
    const { idempotency_key: key, amount_cents: amountCents, currency, token } = intent;
    return { charge: { key, amountCents, currency, token } };
  });
}

async function returnToQueue({ store, clock }: Shop, orderId: string): Promise<void> {
  await store.transaction(async ({ sql }) => {
    const nowMs = clock.now();
    await sql
      .updateTable("payment_intents")
      .set((eb) => ({
        status: "queued",
        check_at: eb("created_at", "+", QUEUED_GRACE_MS),
        updated_at: nowMs,
      }))
      .where("order_id", "=", orderId)
      .where("status", "=", "charging")
      .execute();
  });
}
