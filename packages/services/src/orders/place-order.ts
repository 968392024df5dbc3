import { StoreBusyError, StoreUnavailableError } from "@holdfast/queue-core";
import type { Shop } from "../shop.ts";
import type { OrderStatus } from "../shop-tables.ts";
import { type AnsweredOrder, type IdempotencyKey, recordAnswer } from "./idempotency-key.ts";
import { type OpenedOrder, openOrder } from "./open-order.ts";
import { OrderNotFoundError } from "./order-errors.ts";
import type { OrderRequest } from "./order-request.ts";
import { type OrderView, readOrder } from "./order-view.ts";
import { settlePayment } from "./settle-payment.ts";

/**
 * Takes an order and charges for it. The order and its stock are stored before the charge, the outcome and the first
 * jobs after it; a crash between the two is closed by `reconcilePayments`.
 * @returns the order with the status that is the answer: `paid`, `payment_failed`, `cancelled` (nothing was charged),
 * `payment_unknown`, or `pending` if the outcome could not be stored; the last two are closed by `reconcilePayments`
 * @throws {OrderInvalidError | StockShortError | IdempotencyKeyReusedError | IdempotencyKeyBusyError} and nothing is
 * stored
 */
export async function placeOrder(
  shop: Shop,
  request: OrderRequest,
  { idempotencyKey }: { readonly idempotencyKey?: IdempotencyKey | undefined } = {},
): Promise<OrderView> {
  const opened = await openOrder(shop, request, { idempotencyKey });
  if (!("charge" in opened)) return await answerAgain(shop, opened);
  // No transaction is open and no signal is passed: a customer who hangs up has still asked to be charged.
  const outcome = await shop.payments.charge(opened.charge);
  const status = await storeOutcome(shop, opened, outcome, idempotencyKey);
  return { ...opened.order, status };
}

/**
 * Takes an order and leaves the charge to the job `process_order`.
 * @returns the order, `pending`
 * @throws as `placeOrder` does
 */
export async function placeOrderLater(
  shop: Shop,
  request: OrderRequest,
  { idempotencyKey }: { readonly idempotencyKey?: IdempotencyKey | undefined } = {},
): Promise<OrderView> {
  const opened = await openOrder(shop, request, { idempotencyKey, chargeByJob: true });
  return "charge" in opened ? opened.order : await answerAgain(shop, opened);
}

async function storeOutcome(
  shop: Shop,
  { order }: OpenedOrder,
  outcome: Parameters<typeof settlePayment>[3],
  idempotencyKey: IdempotencyKey | undefined,
): Promise<OrderStatus> {
  try {
    return await shop.store.transaction(async (tx) => {
      const status = await settlePayment(tx, shop, order.id, outcome);
      if (idempotencyKey) await recordAnswer(tx, idempotencyKey, status);
      return status;
    });
  } catch (error) {
    if (!(error instanceof StoreBusyError || error instanceof StoreUnavailableError)) throw error;
    // Money may have been taken, so "try again" would be the wrong answer: the order stands and will be closed.
    shop.log.error(
      { err: error, orderId: order.id, outcome: outcome.kind },
      "payment outcome left to the reconciler",
    );
    return order.status;
  }
}

async function answerAgain({ store }: Shop, { orderId, status }: AnsweredOrder): Promise<OrderView> {
  const order = await readOrder(store, orderId);
  if (!order) throw new OrderNotFoundError(orderId);
  return { ...order, status };
}
