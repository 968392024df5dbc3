import type { ChargeRequest } from "../payment/payment-gateway.ts";
import type { Shop, ShopTransaction } from "../shop.ts";
import {
  type AnsweredOrder,
  findAnswer,
  type IdempotencyKey,
  recordAnswer,
  rememberKey,
} from "./idempotency-key.ts";
import { OrderInvalidError, StockShortError } from "./order-errors.ts";
import { mergeItems, type OrderLine, type OrderRequest } from "./order-request.ts";
import { CURRENCY, type OrderView } from "./order-view.ts";
import { CHARGE_GRACE_MS, QUEUED_GRACE_MS } from "./settlement.ts";
import { reserveStock } from "./stock.ts";

/** An order that has its stock, and what to charge for it. */
export interface OpenedOrder {
  readonly order: OrderView;
  readonly charge: ChargeRequest;
}

export interface OpenOptions {
  readonly idempotencyKey?: IdempotencyKey | undefined;
  /** Leave the charge to the job `process_order`, which is added with the order. */
  readonly chargeByJob?: boolean;
}

/**
 * The transaction before the charge: the order `pending`, its stock reserved, and what is about to be charged.
 * @returns the opened order, or what a request with the same idempotency key was answered before
 * @throws {OrderInvalidError | StockShortError | IdempotencyKeyReusedError | IdempotencyKeyBusyError} and nothing is
 * stored
 */
export async function openOrder(
  shop: Shop,
  request: OrderRequest,
  options: OpenOptions,
): Promise<OpenedOrder | AnsweredOrder> {
  const lines = mergeItems(request.items);
  return await shop.store.transaction(async (tx) => {
    const nowMs = shop.clock.now();
    const { idempotencyKey } = options;
    const answered = idempotencyKey && (await findAnswer(tx, idempotencyKey, request, nowMs));
    if (answered) return answered;

    const items = await priceLines(tx, lines);
    const short = await reserveStock(tx, items);
    if (short.length > 0) throw new StockShortError(short);
    const order = await insertOrder(tx, shop, request, items, nowMs);
    const charge = await insertIntent(tx, order, request.paymentToken, options, nowMs);
    if (idempotencyKey) await rememberKey(tx, idempotencyKey, request, order.id, nowMs);
    if (options.chargeByJob) {
      const { id: orderId, userId, workflowId } = order;
      await shop.queue.enqueue("process_order", { orderId, userId }, { tx, workflowId });
      if (idempotencyKey) await recordAnswer(tx, idempotencyKey, order.status);
    }
    return { order, charge };
  });
}

/** Prices come from our table, never from the customer. */
async function priceLines(
  { sql }: ShopTransaction,
  lines: readonly OrderLine[],
): Promise<OrderView["items"]> {
  const ids = lines.map(({ productId }) => productId);
  const products = await sql
    .selectFrom("products")
    .select(["id", "name", "price_cents"])
    .where("id", "in", ids)
    .execute();
  const byId = new Map(products.map((product) => [product.id, product]));
  const unknown = lines.filter(({ productId }) => !byId.has(productId)).flatMap(({ from }) => from);
  if (unknown.length > 0) {
    throw new OrderInvalidError(
      unknown.map((index) => ({ field: `items.${index}.productId`, message: "There is no such product" })),
    );
  }
  return lines.flatMap(({ productId, quantity }) => {
    const product = byId.get(productId);
    return product ? [{ productId, name: product.name, quantity, priceCents: product.price_cents }] : [];
  });
}

async function insertOrder(
  { sql }: ShopTransaction,
  shop: Shop,
  request: OrderRequest,
  items: OrderView["items"],
  nowMs: number,
): Promise<OrderView> {
  const order: OrderView = {
    id: shop.newOrderId(nowMs),
    userId: request.userId,
    email: request.email,
    status: "pending",
    currency: CURRENCY,
    totalCents: items.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0),
    items,
    createdAt: new Date(nowMs).toISOString(),
    workflowId: shop.queue.newWorkflowId(),
  };
  await sql
    .insertInto("orders")
    .values({
      id: order.id,
      user_id: order.userId,
      email: order.email,
      status: order.status,
      total_cents: order.totalCents,
      workflow_id: order.workflowId,
      created_at: nowMs,
      updated_at: nowMs,
    })
    .execute();
  await sql
    .insertInto("order_items")
    .values(
      items.map(({ productId, quantity, priceCents }) => ({
        order_id: order.id,
        product_id: productId,
        quantity,
        price_cents: priceCents,
      })),
    )
    .execute();
  return order;
}

async function insertIntent(
  { sql }: ShopTransaction,
  order: OrderView,
  token: string,
  { chargeByJob }: OpenOptions,
  nowMs: number,
): Promise<ChargeRequest> {
  const charge = {
    key: `charge-${order.id}`,
    amountCents: order.totalCents,
    currency: order.currency,
    token,
  };
  await sql
    .insertInto("payment_intents")
    .values({
      order_id: order.id,
      idempotency_key: charge.key,
      amount_cents: charge.amountCents,
      currency: charge.currency,
      // Only the job has to read it back; the request still has it at hand.
      token: chargeByJob ? token : null,
      status: chargeByJob ? "queued" : "charging",
      check_at: nowMs + (chargeByJob ? QUEUED_GRACE_MS : CHARGE_GRACE_MS),
      created_at: nowMs,
      updated_at: nowMs,
    })
    .execute();
  return charge;
}
