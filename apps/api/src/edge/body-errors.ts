/** The body is larger than the API reads. */
export class BodyTooLargeError extends Error {
  readonly code = "BODY_TOO_LARGE";
  override readonly name = "BodyTooLargeError";

  constructor() {
    super("The body is too large");
  }
}

/** The connection broke before the body was complete. */
export class BodyUnreadableError extends Error {
  readonly code = "BODY_UNREADABLE";
  override readonly name = "BodyUnreadableError";

  constructor(options: ErrorOptions) {
    super("The body could not be read to its end", options);
  }
}

/** JSON that parses, but that no two programs need read alike, or that no database can store. */
export class BodyRefusedError extends Error {
  readonly code = "BODY_REFUSED";
  override readonly name = "BodyRefusedError";
}
