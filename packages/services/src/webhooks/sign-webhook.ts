import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** What a receiver needs to verify a delivery. */
export interface WebhookHeaders {
  readonly "webhook-id": string;
  /** Seconds since 1970 UTC. */
  readonly "webhook-timestamp": string;
  /** One signature per secret, separated by spaces. */
  readonly "webhook-signature": string;
}

/**
 * Signs a delivery as Standard Webhooks says: HMAC-SHA256 over id, time and body.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @param event its id and the bytes that will be sent
 * @param sentAt the time of this attempt, so that receivers can refuse recordings of old ones
 * @param secrets the current one, and after a rotation the one before it
 */
export function signWebhook(
  event: { readonly id: string; readonly body: string },
  sentAt: Date,
  secrets: readonly string[],
): WebhookHeaders {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(event.id, sentAt, event.body));
  return {
    "webhook-id": event.id,
    "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1_000)),
    "webhook-signature": signatures.join(" "),
  };
}

/** A new secret in the form that receivers' libraries take: 32 random bytes, of the 24 to 64 that the spec asks for. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}
