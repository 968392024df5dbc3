import { createHash } from "node:crypto";
import type { ShopTransaction } from "../shop.ts";
import type { OrderStatus } from "../shop-tables.ts";
import { IdempotencyKeyBusyError, IdempotencyKeyReusedError } from "./order-errors.ts";
import type { OrderRequest } from "./order-request.ts";

/** A client's name for one order, so that repeating the request does not order twice. */
export interface IdempotencyKey {
  /** Whose key it is: keys of different callers never meet. */
  readonly caller: string;
  readonly key: string;
}

/** The answer that the first request with a key was given. */
export interface AnsweredOrder {
  readonly orderId: string;
  readonly status: OrderStatus;
}

const KEEP_MS = 24 * 60 * 60_000;

/** Each new key clears away a few that have expired, so that the table stays as large as a day's orders. */
const PURGED_PER_KEY = 5;

/**
 * Looks a key up.
 * @returns what was answered, or null if the key is free
 * @throws {IdempotencyKeyReusedError} if it stands for another request
 * @throws {IdempotencyKeyBusyError} if the first request is not answered yet
 */
export async function findAnswer(
  { sql }: ShopTransaction,
  { caller, key }: IdempotencyKey,
  request: OrderRequest,
  nowMs: number,
): Promise<AnsweredOrder | null> {
  const row = await sql
    .selectFrom("order_idempotency_keys as keys")
    .innerJoin("orders", "orders.id", "keys.order_id")
    .select(["keys.request_hash", "keys.answered_status", "keys.expires_at", "orders.id", "orders.status"])
    .where("caller", "=", caller)
    .where("key", "=", key)
    .executeTakeFirst();
  if (!row) return null;
  if (row.expires_at <= nowMs) {
    await sql
      .deleteFrom("order_idempotency_keys")
      .where("caller", "=", caller)
      .where("key", "=", key)
      .execute();
    return null;
  }
  if (row.request_hash !== hashRequest(request)) throw new IdempotencyKeyReusedError();
  if (row.answered_status) return { orderId: row.id, status: row.answered_status };
  // Nobody was answered: the process died, or is still charging. What the order has come to since is the answer.
  if (row.status === "pending") throw new IdempotencyKeyBusyError();
  const answer = { orderId: row.id, status: row.status === "completed" ? "paid" : row.status } as const;
  await recordAnswer({ sql }, { caller, key }, answer.status);
  return answer;
}

/** Writes a free key down with its order. */
export async function rememberKey(
  { sql }: ShopTransaction,
  { caller, key }: IdempotencyKey,
  request: OrderRequest,
  orderId: string,
  nowMs: number,
): Promise<void> {
  const expired = await sql
    .selectFrom("order_idempotency_keys")
    .select(["caller", "key"])
    .where("expires_at", "<=", nowMs)
    .orderBy("expires_at")
    .limit(PURGED_PER_KEY)
    .execute();
  for (const old of expired) {
    await sql
      .deleteFrom("order_idempotency_keys")
      .where("caller", "=", old.caller)
      .where("key", "=", old.key)
      .execute();
  }
  await sql
    .insertInto("order_idempotency_keys")
    .values({
      caller,
      key,
      request_hash: hashRequest(request),
      order_id: orderId,
      expires_at: nowMs + KEEP_MS,
    })
    .execute();
}

/** Keeps what is being answered, so that a repeat is answered the same however the order fares later. */
export async function recordAnswer(
  { sql }: ShopTransaction,
  { caller, key }: IdempotencyKey,
  status: OrderStatus,
): Promise<void> {
  await sql
    .updateTable("order_idempotency_keys")
    .set({ answered_status: status })
    .where("caller", "=", caller)
    .where("key", "=", key)
    .execute();
}

/** The schema has put the fields in its own order, so two spellings of one request are equal. */
function hashRequest(request: OrderRequest): string {
  return createHash("sha256").update(JSON.stringify(request)).digest("hex");
}
