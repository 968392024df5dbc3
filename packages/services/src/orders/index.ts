export { recordInvoice } from "./complete-order.ts";
export type { IdempotencyKey } from "./idempotency-key.ts";
export { listProducts } from "./list-products.ts";
export {
  IdempotencyKeyBusyError,
  IdempotencyKeyReusedError,
  OrderInvalidError,
  OrderNotFoundError,
  StockShortError,
} from "./order-errors.ts";
export { orderRequest } from "./order-request.ts";
export { type OrderView, readOrder, readOrderWithJobs } from "./order-view.ts";
export { placeOrder, placeOrderLater } from "./place-order.ts";
export { processOrder } from "./process-order.ts";
export { readOrderDocument } from "./read-order-document.ts";
export { reconcilePayments } from "./reconcile-payments.ts";
