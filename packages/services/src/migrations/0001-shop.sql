-- The shop. Money is integer cents; times are integer milliseconds UTC; booleans are 0 and 1.

CREATE TABLE products (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL CHECK (name <> ''),
  price_cents INTEGER NOT NULL CHECK (price_cents > 0),
  -- On hand, and how many of those belong to orders that haven't left yet: stock - reserved can be sold.
  stock INTEGER NOT NULL CHECK (stock >= 0),
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved BETWEEN 0 AND stock),
  created_at INTEGER NOT NULL
) STRICT;

INSERT INTO products (id, name, price_cents, stock, created_at) VALUES
  ('prod-1', 'Mechanical Keyboard', 8999, 50, 1767225600000),
  ('prod-2', 'USB-C Hub', 3499, 100, 1767225600000),
  ('prod-3', 'Monitor Stand', 4999, 25, 1767225600000);

CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL CHECK (user_id <> ''),
  email TEXT NOT NULL,
  status TEXT NOT NULL CHECK (
    status IN ('pending', 'paid', 'completed', 'payment_failed', 'payment_unknown', 'cancelled', 'refunded')
  ),
  total_cents INTEGER NOT NULL CHECK (total_cents > 0),
  workflow_id TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  paid_at INTEGER,
  -- The two steps that complete an order; each is set once, in the transaction that completes its job.
  invoiced_at INTEGER,
  inventory_synced_at INTEGER,
  completed_at INTEGER
) STRICT;

-- The daily report reads one day's sales.
CREATE INDEX orders_by_payment ON orders (paid_at) WHERE paid_at IS NOT NULL;

CREATE TABLE order_items (
  order_id TEXT NOT NULL REFERENCES orders (id),
  product_id TEXT NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  -- The price at the time of the order.
  price_cents INTEGER NOT NULL CHECK (price_cents > 0),
  PRIMARY KEY (order_id, product_id)
) STRICT, WITHOUT ROWID;

-- What the shop wants from the gateway, saved before it asks. The key makes asking again harmless.
CREATE TABLE payment_intents (
  order_id TEXT PRIMARY KEY REFERENCES orders (id),
  idempotency_key TEXT NOT NULL UNIQUE,
  amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
  currency TEXT NOT NULL,
  -- How to charge; forgotten as soon as no charge will be made any more.
  token TEXT,
  status TEXT NOT NULL CHECK (
    status IN ('queued', 'charging', 'unknown', 'succeeded', 'declined', 'abandoned', 'refund_due', 'refunded')
  ),
  charge_id TEXT,
  -- Why the charge was declined or given up.
  reason TEXT,
  -- When the reconciler is to look at it; null once nothing can change any more.
  check_at INTEGER,
  checks INTEGER NOT NULL DEFAULT 0 CHECK (checks >= 0),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- Finding what is open costs a seek however many orders there are.
CREATE INDEX payment_intents_to_check ON payment_intents (check_at) WHERE check_at IS NOT NULL;

-- Idempotency-Key of POST /orders: one row per key of one caller, written with the order.
CREATE TABLE order_idempotency_keys (
  -- Whose key it is: the name of an API key, or '' without one.
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders (id),
  -- The order's status in the answer that was given; null until then.
  answered_status TEXT,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX order_idempotency_keys_by_expiry ON order_idempotency_keys (expires_at);

-- What the warehouse is to pick and pack: the order's lines as JSON.
CREATE TABLE warehouse_notices (
  order_id TEXT PRIMARY KEY REFERENCES orders (id),
  lines TEXT NOT NULL CHECK (json_valid(lines)),
  created_at INTEGER NOT NULL
) STRICT;

-- A deleted endpoint is deactivated, so that its delivery log stays readable.
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_deliveries (
  id TEXT PRIMARY KEY,
  endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  -- The very bytes that are signed and sent.
  body TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  last_status_code INTEGER,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  delivered_at INTEGER,
  UNIQUE (endpoint_id, event_id)
) STRICT;

-- One row per day of the zone it was made for.
CREATE TABLE sales_reports (
  day TEXT PRIMARY KEY CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
  zone TEXT NOT NULL,
  orders INTEGER NOT NULL CHECK (orders >= 0),
  revenue_cents INTEGER NOT NULL CHECK (revenue_cents >= 0),
  top_products TEXT NOT NULL CHECK (json_valid(top_products)),
  created_at INTEGER NOT NULL
) STRICT;

-- The memory of the simulated payment gateway: like a real one it remembers charges over restarts and processes.
CREATE TABLE simulated_charges (
  idempotency_key TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  amount_cents INTEGER NOT NULL,
  currency TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'declined')),
  is_refunded INTEGER NOT NULL DEFAULT 0 CHECK (is_refunded IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;
