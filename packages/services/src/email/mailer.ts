/** A message to one person. */
export interface MailMessage {
  /** One address, without a name. */
  readonly to: string;
  readonly subject: string;
  /** For programs that show no HTML; the same in words. */
  readonly text: string;
  readonly html: string;
}

export interface SendOptions {
  /** Stops waiting; a message that is already on its way may still arrive. */
  readonly signal: AbortSignal;
  /** Stable over all attempts to send this message: the Message-ID derives from it and gives a repeat away. */
  readonly key: string;
}

export interface MailReceipt {
  /** With its angle brackets. */
  readonly messageId: string;
}

/** Sends messages. */
export interface Mailer {
  /**
   * Sends one message.
   * @throws {MailAddressInvalidError | MailRejectedError} if no other attempt can help
   * @throws {MailUnavailableError} if a later attempt may succeed
   */
  send(message: MailMessage, options: SendOptions): Promise<MailReceipt>;
  /** Lets messages on their way finish, then closes connections. */
  close(): Promise<void>;
}
