export { deliverWebhook } from "./deliver-webhook.ts";
export { listWebhookDeliveries, replayWebhookDelivery } from "./delivery-log.ts";
export {
  listWebhookEndpoints,
  registerWebhookEndpoint,
  removeWebhookEndpoint,
  rotateWebhookSecret,
} from "./endpoints.ts";
export {
  WebhookAddressRefusedError,
  WebhookLimitError,
  WebhookNotFoundError,
  WebhookPendingError,
  WebhookUrlRefusedError,
} from "./webhook-errors.ts";
export { type WebhookPolicy, webhookPolicy } from "./webhook-url.ts";
