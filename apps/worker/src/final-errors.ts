import { NonRetryableError } from "@holdfast/queue-core";
import { MailAddressInvalidError, MailRejectedError } from "@holdfast/services/email";
import { InventoryRefusedError } from "@holdfast/services/inventory";
import { OrderNotFoundError } from "@holdfast/services/orders";
import { WebhookAddressRefusedError, WebhookNotFoundError } from "@holdfast/services/webhooks";
import type { Handler, ShopJobType } from "./handler.ts";

/** After these another attempt cannot help: somebody has to change something first. */
const FINAL_ERRORS = [
  InventoryRefusedError,
  MailAddressInvalidError,
  MailRejectedError,
  OrderNotFoundError,
  WebhookAddressRefusedError,
  WebhookNotFoundError,
];

/**
 * Lets a handler's job go to the dead letters at once, where an operator sees it, when an error says that no other
 * attempt can help. The services know which errors those are, and nothing of jobs.
 */
export function withFinalErrors<Type extends ShopJobType>(handler: Handler<Type>): Handler<Type> {
  return async (payload, context) => {
    try {
      return await handler(payload, context);
    } catch (error) {
      if (error instanceof Error && FINAL_ERRORS.some((final) => error instanceof final)) {
        throw new NonRetryableError(error.message, { cause: error });
      }
      throw error;
    }
  };
}
