import { randomBytes } from "node:crypto";
import type { Shop } from "../shop.ts";
import { newWebhookSecret } from "./sign-webhook.ts";
import { WebhookLimitError, WebhookNotFoundError } from "./webhook-errors.ts";
import { checkWebhookUrl, type WebhookPolicy } from "./webhook-url.ts";

/** A receiver of webhooks, without its secret. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  /** False once it was removed or answered 410. */
  readonly isActive: boolean;
  readonly createdAt: Date;
}

/** An endpoint with the secret that its receiver verifies signatures by; nothing shows it a second time. */
export type WebhookEndpointWithSecret = WebhookEndpoint & { readonly secret: string };

/** Every completed order adds a row and a job for each of them, all in one transaction. */
export const MOST_ENDPOINTS = 20;

/** How long the old secret signs beside the new one after a rotation. */
export const ROTATION_MS = 24 * 60 * 60_000;

/**
 * Registers a receiver.
 * @param url checked by `checkWebhookUrl`
 * @throws {WebhookUrlRefusedError | WebhookLimitError} and nothing is stored
 */
export async function registerWebhookEndpoint(
  { store, clock }: Pick<Shop, "store" | "clock">,
  policy: WebhookPolicy,
  url: string,
): Promise<WebhookEndpointWithSecret> {
  const nowMs = clock.now();
  const row = {
    id: `whe-${nowMs.toString(16).padStart(11, "0")}-${randomBytes(8).toString("hex")}`,
    url: checkWebhookUrl(url, policy),
    secret: newWebhookSecret(),
    is_active: 1,
    created_at: nowMs,
  };
  await store.transaction(async ({ sql }) => {
    const { count } = await sql
      .selectFrom("webhook_endpoints")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .where("is_active", "=", 1)
      .executeTakeFirstOrThrow();
    if (count >= MOST_ENDPOINTS) throw new WebhookLimitError(MOST_ENDPOINTS);
    await sql.insertInto("webhook_endpoints").values(row).execute();
  });
  return { ...viewEndpoint(row), secret: row.secret };
}

/** Lists all endpoints, oldest first, those that get nothing any more included. */
export async function listWebhookEndpoints({ store }: Pick<Shop, "store">): Promise<WebhookEndpoint[]> {
  const rows = await store.read
    .selectFrom("webhook_endpoints")
    .select(["id", "url", "is_active", "created_at"])
    .orderBy("id")
    .execute();
  return rows.map(viewEndpoint);
}

/**
 * Stops delivering to an endpoint, deliveries underway included; its delivery log stays.
 * @throws {WebhookNotFoundError} if no active endpoint has this id
 */
export async function removeWebhookEndpoint({ store }: Pick<Shop, "store">, id: string): Promise<void> {
  const { numUpdatedRows } = await store.transaction(({ sql }) =>
    sql
      .updateTable("webhook_endpoints")
      .set({ is_active: 0 })
      .where("id", "=", id)
      .where("is_active", "=", 1)
      .executeTakeFirst(),
  );
  if (numUpdatedRows === 0n) throw new WebhookNotFoundError("endpoint", id);
}

/**
 * Gives an endpoint a new secret; for a day deliveries are signed with both, so that its receiver can change over.
 * @throws {WebhookNotFoundError} if no active endpoint has this id
 */
export async function rotateWebhookSecret(
  { store, clock }: Pick<Shop, "store" | "clock">,
  id: string,
): Promise<WebhookEndpointWithSecret> {
  const secret = newWebhookSecret();
  const row = await store.transaction(({ sql }) =>
    sql
      .updateTable("webhook_endpoints")
      .set((eb) => ({
        previous_secret: eb.ref("secret"),
        previous_secret_until: clock.now() + ROTATION_MS,
        secret,
      }))
      .where("id", "=", id)
      .where("is_active", "=", 1)
      .returning(["id", "url", "is_active", "created_at"])
      .executeTakeFirst(),
  );
  if (!row) throw new WebhookNotFoundError("endpoint", id);
  return { ...viewEndpoint(row), secret };
}

interface EndpointRow {
  readonly id: string;
  readonly url: string;
  readonly is_active: number;
  readonly created_at: number;
}

function viewEndpoint({ id, url, is_active, created_at }: EndpointRow): WebhookEndpoint {
  return { id, url, isActive: is_active === 1, createdAt: new Date(created_at) };
}
