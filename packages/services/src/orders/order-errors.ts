/** One thing that is wrong with an order, and where in the request it stands. */
export interface OrderIssue {
  /** Dotted path into the request, e.g. `items.0.productId`. */
  readonly field: string;
  readonly message: string;
}

/** An order that names what the shop does not have; nothing was stored. */
export class OrderInvalidError extends Error {
  readonly code = "ORDER_INVALID";
  override readonly name = "OrderInvalidError";
  readonly issues: readonly OrderIssue[];

  constructor(issues: readonly OrderIssue[]) {
    super(
      `The order cannot be taken: ${issues.map(({ field, message }) => `${field}: ${message}`).join("; ")}`,
    );
    this.issues = issues;
  }
}

/** More was ordered than is left; nothing was stored. */
export class StockShortError extends Error {
  readonly code = "OUT_OF_STOCK";
  override readonly name = "StockShortError";
  readonly productIds: readonly string[];

  constructor(productIds: readonly string[]) {
    super(`Not enough in stock of ${productIds.join(", ")}; order fewer or wait for the next delivery`);
    this.productIds = productIds;
  }
}

/** An idempotency key that stands for another request already. */
export class IdempotencyKeyReusedError extends Error {
  readonly code = "IDEMPOTENCY_KEY_REUSED";
  override readonly name = "IdempotencyKeyReusedError";

  constructor() {
    super("This Idempotency-Key was used for a different order; use a new key for a new order");
  }
}

/** The first request with this idempotency key is not answered yet. */
export class IdempotencyKeyBusyError extends Error {
  readonly code = "IDEMPOTENCY_KEY_IN_USE";
  override readonly name = "IdempotencyKeyBusyError";

  constructor() {
    super("An order with this Idempotency-Key is being placed right now; repeat the request in a moment");
  }
}

/** No order has this id. */
export class OrderNotFoundError extends Error {
  readonly code = "ORDER_NOT_FOUND";
  override readonly name = "OrderNotFoundError";

  constructor(orderId: string) {
    super(`There is no order ${JSON.stringify(orderId)}`);
  }
}

/** The gateway took no money this time; another attempt may succeed. */
export class PaymentUnavailableError extends Error {
  readonly code = "PAYMENT_UNAVAILABLE";
  override readonly name = "PaymentUnavailableError";

  constructor(orderId: string, reason: string) {
    super(`Nothing was charged for order ${orderId}: ${reason}`);
  }
}
