import type { ColumnType, Generated } from "kysely";

// The tables of migrations/ as Kysely describes them. Times are milliseconds UTC, booleans 0 and 1.

/** How far an order has come. */
export type OrderStatus =
  | "pending"
  | "paid"
  | "completed"
  | "payment_failed"
  | "payment_unknown"
  | "cancelled"
  | "refunded";

/** What is known of an order's payment. */
export type PaymentStatus =
  | "queued"
  | "charging"
  | "unknown"
  | "succeeded"
  | "declined"
  | "abandoned"
  | "refund_due"
  | "refunded";

export type DeliveryStatus = "pending" | "delivered" | "failed";

/** A column that is written once. */
type Fixed<T> = ColumnType<T, T, never>;
/** A column that may stay null. */
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;

interface ProductsTable {
  id: Fixed<string>;
  name: string;
  price_cents: number;
  stock: number;
  reserved: Generated<number>;
  created_at: Fixed<number>;
}

interface OrdersTable {
  id: Fixed<string>;
  user_id: Fixed<string>;
  email: Fixed<string>;
  status: OrderStatus;
  total_cents: Fixed<number>;
  workflow_id: Fixed<string>;
  created_at: Fixed<number>;
  updated_at: number;
  paid_at: Optional<number>;
  invoiced_at: Optional<number>;
  inventory_synced_at: Optional<number>;
  completed_at: Optional<number>;
}

interface OrderItemsTable {
  order_id: Fixed<string>;
  product_id: Fixed<string>;
  quantity: Fixed<number>;
  price_cents: Fixed<number>;
}

interface PaymentIntentsTable {
  order_id: Fixed<string>;
  idempotency_key: Fixed<string>;
  amount_cents: Fixed<number>;
  currency: Fixed<string>;
  token: Optional<string>;
  status: PaymentStatus;
  charge_id: Optional<string>;
  reason: Optional<string>;
  check_at: Optional<number>;
  checks: Generated<number>;
  created_at: Fixed<number>;
  updated_at: number;
}

interface OrderIdempotencyKeysTable {
  caller: Fixed<string>;
  key: Fixed<string>;
  request_hash: Fixed<string>;
  order_id: Fixed<string>;
  answered_status: Optional<OrderStatus>;
  expires_at: Fixed<number>;
}

interface WarehouseNoticesTable {
  order_id: Fixed<string>;
  /** JSON: `[{ productId, name, quantity }]`. */
  lines: Fixed<string>;
  created_at: Fixed<number>;
}

interface WebhookEndpointsTable {
  id: Fixed<string>;
  url: string;
  secret: string;
  is_active: Generated<number>;
  created_at: Fixed<number>;
  previous_secret: Optional<string>;
  previous_secret_until: Optional<number>;
}

interface WebhookDeliveriesTable {
  id: Fixed<string>;
  endpoint_id: Fixed<string>;
  event_id: Fixed<string>;
  event_type: Fixed<string>;
  body: Fixed<string>;
  status: DeliveryStatus;
  attempts: Generated<number>;
  last_status_code: Optional<number>;
  last_error: Optional<string>;
  created_at: Fixed<number>;
  delivered_at: Optional<number>;
  job_id: Optional<string>;
}

interface SalesReportsTable {
  /** `YYYY-MM-DD` in `zone`. */
  day: Fixed<string>;
  zone: string;
  orders: number;
  revenue_cents: number;
  /** JSON: `[{ productId, name, quantity, revenueCents }]`, best first. */
  top_products: string;
  created_at: number;
}

interface SimulatedChargesTable {
  idempotency_key: Fixed<string>;
  id: Fixed<string>;
  amount_cents: Fixed<number>;
  currency: Fixed<string>;
  outcome: Fixed<"succeeded" | "declined">;
  is_refunded: Generated<number>;
  created_at: Fixed<number>;
}

/** The shop's tables, for `openSqliteStore<ShopTables>` and `tx.sql`. */
export interface ShopTables {
  products: ProductsTable;
  orders: OrdersTable;
  order_items: OrderItemsTable;
  payment_intents: PaymentIntentsTable;
  order_idempotency_keys: OrderIdempotencyKeysTable;
  warehouse_notices: WarehouseNoticesTable;
  webhook_endpoints: WebhookEndpointsTable;
  webhook_deliveries: WebhookDeliveriesTable;
  sales_reports: SalesReportsTable;
  simulated_charges: SimulatedChargesTable;
}

/** The shop's tables as numbered SQL files, for the `migrations` of a store. */
export const shopMigrations = {
  scope: "shop",
  directory: new URL("./migrations/", import.meta.url),
} as const;
