import type { Shop, ShopTransaction } from "../shop.ts";
import type { PaymentStatus } from "../shop-tables.ts";
import { settlePayment } from "./settle-payment.ts";
import { nextCheckMs } from "./settlement.ts";

/** What a run of the reconciler did. */
export interface Reconciliation {
  /** Payments the gateway was asked about. */
  readonly checked: number;
  /** Payments about which the gateway gave no answer. */
  readonly unanswered: number;
}

interface DueIntent {
  readonly order_id: string;
  readonly idempotency_key: string;
  readonly status: PaymentStatus;
  readonly check_at: number | null;
  readonly checks: number;
}

/** Asked about at the same time: enough to catch up after an outage, few enough not to cause the next one. */
const GROUP = 10;

/**
 * Closes orders whose payment is undecided: asks the gateway what it knows of each one's key and writes it down. It
 * never charges. Payments for orders that were given up are given back.
 * @throws the signal's reason if it cuts a question short; what was learnt before is written down
 */
export async function reconcilePayments(shop: Shop, signal: AbortSignal): Promise<Reconciliation> {
  let checked = 0;
  let unanswered = 0;
  for (;;) {
    const due = signal.aborted ? [] : await dueIntents(shop);
    if (due.length === 0) break;
    const answers = await Promise.all(due.map((intent) => reconcile(shop, intent, signal)));
    const silent = answers.filter((answered) => !answered).length;
    checked += due.length;
    unanswered += silent;
    // The gateway is out of order: asking about the rest would only take time.
    if (silent === due.length) break;
  }
  return { checked, unanswered };
}

/** Each look moves its row ahead in time or out of the index, so that the next page holds others. */
function dueIntents({ store, clock }: Shop): Promise<DueIntent[]> {
  return store.read
    .selectFrom("payment_intents")
    .select(["order_id", "idempotency_key", "status", "check_at", "checks"])
    .where("check_at", "<=", clock.now())
    .orderBy("check_at")
    .limit(GROUP)
    .execute();
}

/** @returns whether the gateway answered */
async function reconcile(shop: Shop, intent: DueIntent, signal: AbortSignal): Promise<boolean> {
  if (intent.status === "refund_due") return await refund(shop, intent, signal);
  const record = await shop.payments.find(intent.idempotency_key, signal);
  // A question that was broken off has no answer; counting it as one would only put off the next.
  if (record.kind === "unknown") signal.throwIfAborted();
  await shop.store.transaction(async (tx) => {
    // The gateway spoke of an instant that is past: `process_order` may have begun to charge since.
    if (!(await isUnchanged(tx, intent))) return;
    await settlePayment(tx, shop, intent.order_id, record);
    if (intent.status === "abandoned" && record.kind !== "succeeded") {
      const closed = record.kind !== "unknown";
      await moveCheck(tx, intent, closed ? null : nextCheckMs("unknown", shop.clock.now(), intent.checks));
    }
  });
  return record.kind !== "unknown";
}

async function isUnchanged({ sql }: ShopTransaction, intent: DueIntent): Promise<boolean> {
  const now = await sql
    .selectFrom("payment_intents")
    .select(["status", "check_at"])
    .where("order_id", "=", intent.order_id)
    .executeTakeFirstOrThrow();
  return now.status === intent.status && now.check_at === intent.check_at;
}

async function refund(shop: Shop, intent: DueIntent, signal: AbortSignal): Promise<boolean> {
  const refunded = await shop.payments.refund(intent.idempotency_key, signal);
  if (!refunded) signal.throwIfAborted();
  await shop.store.transaction(async (tx) => {
    const nowMs = shop.clock.now();
    if (!refunded) return await moveCheck(tx, intent, nextCheckMs("unknown", nowMs, intent.checks));
    await tx.sql
      .updateTable("payment_intents")
      .set({ status: "refunded", check_at: null, updated_at: nowMs })
      .where("order_id", "=", intent.order_id)
      .execute();
    await tx.sql
      .updateTable("orders")
      .set({ status: "refunded", updated_at: nowMs })
      .where("id", "=", intent.order_id)
      .where("status", "in", ["cancelled", "payment_failed"])
      .execute();
  });
  return refunded;
}

async function moveCheck({ sql }: ShopTransaction, intent: DueIntent, checkAt: number | null): Promise<void> {
  await sql
    .updateTable("payment_intents")
    .set({ check_at: checkAt, checks: intent.checks + 1 })
    .where("order_id", "=", intent.order_id)
    .where("status", "=", intent.status)
    .execute();
}
