/** The request carries no valid credentials. */
export class OperatorUnknownError extends Error {
  readonly code = "UNAUTHORIZED";
  constructor() {
    super("Log in at /login, or send Authorization: Bearer <ADMIN_TOKEN>");
    this.name = "OperatorUnknownError";
  }
}

/** A change was asked for by a page that is not ours. */
export class OriginForeignError extends Error {
  readonly code = "ORIGIN_FOREIGN";
  constructor() {
    super("A change must come from the dashboard itself, or carry the token as Authorization: Bearer");
    this.name = "OriginForeignError";
  }
}

/** Somebody asks for what is encrypted in plain text where that is not allowed. */
export class DecryptionForbiddenError extends Error {
  readonly code = "DECRYPTION_FORBIDDEN";
  constructor() {
    super("Encrypted payloads are not shown here: set ADMIN_MAY_DECRYPT=1 where operators may see them");
    this.name = "DecryptionForbiddenError";
  }
}
