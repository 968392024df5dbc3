/** A URL that no webhook may be sent to; nothing was stored. */
export class WebhookUrlRefusedError extends Error {
  readonly code = "WEBHOOK_URL_REFUSED";
  override readonly name = "WebhookUrlRefusedError";

  constructor(reason: string) {
    super(`This webhook URL cannot be used: ${reason}`);
  }
}

/** There are as many active endpoints as the shop delivers to. */
export class WebhookLimitError extends Error {
  readonly code = "WEBHOOK_LIMIT_REACHED";
  override readonly name = "WebhookLimitError";

  constructor(limit: number) {
    super(`There are ${limit} active webhook endpoints already, the most there may be; remove one first`);
  }
}

/** No endpoint or delivery has this id. */
export class WebhookNotFoundError extends Error {
  readonly code = "WEBHOOK_NOT_FOUND";
  override readonly name = "WebhookNotFoundError";

  /** @param what `endpoint` or `delivery` */
  constructor(what: "endpoint" | "delivery", id: string) {
    super(`There is no active webhook ${what} ${JSON.stringify(id.slice(0, 64))}`);
  }
}

/** A delivery that is still being tried cannot be replayed. */
export class WebhookPendingError extends Error {
  readonly code = "WEBHOOK_DELIVERY_PENDING";
  override readonly name = "WebhookPendingError";

  constructor(id: string) {
    super(`Webhook delivery ${id} is still being tried; wait for its end, or cancel its job`);
  }
}

/** The host of a webhook resolves to an address outside the public internet, so no connection was made. */
export class WebhookAddressRefusedError extends Error {
  readonly code = "WEBHOOK_ADDRESS_REFUSED";
  override readonly name = "WebhookAddressRefusedError";

  // Without the address: what a name resolves to inside is nobody's business outside.
  constructor(hostname: string) {
    super(`${hostname} is not an address of the public internet; no request was sent`);
  }
}

/** The receiver did not take a webhook this time; another attempt may succeed. */
export class WebhookFailedError extends Error {
  readonly code = "WEBHOOK_FAILED";
  override readonly name = "WebhookFailedError";
  /** The receiver's answer, or null if there was none. */
  readonly statusCode: number | null;

  constructor(reason: string, statusCode: number | null, options?: ErrorOptions) {
    super(`The receiver did not take the webhook: ${reason}`, options);
    this.statusCode = statusCode;
  }
}
