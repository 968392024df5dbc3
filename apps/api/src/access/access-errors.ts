/** The request carries no API key, or one that is not known. */
export class ApiKeyInvalidError extends Error {
  readonly code = "UNAUTHORIZED";
  override readonly name = "ApiKeyInvalidError";

  constructor() {
    super("Send a valid API key as Authorization: Bearer <key>");
  }
}

/** A web page of another site asked for a change. */
export class OriginForeignError extends Error {
  readonly code = "ORIGIN_FOREIGN";
  override readonly name = "OriginForeignError";

  constructor() {
    super("A web page of another site cannot change anything here; send the request from a program");
  }
}

/** One API key asks more often than it may. */
export class RateLimitedError extends Error {
  readonly code = "RATE_LIMITED";
  override readonly name = "RateLimitedError";
  /** Milliseconds until the next request is let through. */
  readonly retryMs: number;

  constructor(retryMs: number) {
    super("Too many requests with this API key; slow down");
    this.retryMs = retryMs;
  }
}
