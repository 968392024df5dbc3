/** An address that no message can go to; correct it where it is stored. */
export class MailAddressInvalidError extends Error {
  readonly code = "MAIL_ADDRESS_INVALID";
  override readonly name = "MailAddressInvalidError";

  /** @param field which address, e.g. `to` */
  constructor(field: string, address: string) {
    super(`The "${field}" address is not one plain e-mail address: ${JSON.stringify(address.slice(0, 320))}`);
  }
}

/** The mail server refused this message for good; sending it again would be refused again. */
export class MailRejectedError extends Error {
  readonly code = "MAIL_REJECTED";
  override readonly name = "MailRejectedError";

  constructor(response: string, options: ErrorOptions) {
    super(`The mail server refused the message for good: ${response}`, options);
  }
}

/** The mail server could not take this message now; a later attempt may succeed. */
export class MailUnavailableError extends Error {
  readonly code = "MAIL_UNAVAILABLE";
  override readonly name = "MailUnavailableError";

  constructor(reason: string, options: ErrorOptions) {
    super(`The mail server did not take the message: ${reason}`, options);
  }
}
