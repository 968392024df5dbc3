import type { StockLine } from "../orders/stock.ts";

/** Goods that leave with an order. */
interface Withdrawal {
  readonly orderId: string;
  readonly lines: readonly StockLine[];
  /** One per order: withdrawing twice with one key withdraws once. */
  readonly key: string;
  readonly signal: AbortSignal;
}

/**
 * Whoever must hear that goods leave before the shop's own table is changed; that change is `recordInventory`, in the
 * transaction that completes the job.
 */
export interface Inventory {
  /**
   * @throws {InventoryRefusedError} if no other attempt can help
   * @throws {InventoryUnavailableError} if a later attempt may succeed
   */
  withdraw(withdrawal: Withdrawal): Promise<void>;
}
