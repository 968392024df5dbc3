import { createHash } from "node:crypto";
import type { MailComposerOptions } from "nodemailer";
import { isMailAddress, type MailSender, oneLine } from "./mail-address.ts";
import { MailAddressInvalidError } from "./mail-errors.ts";
import type { MailMessage } from "./mailer.ts";

/** A message with every header field, as nodemailer takes it. */
export type ComposedMail = MailComposerOptions & { readonly messageId: string };

/**
 * Adds sender and Message-ID to a message and makes sure that no field can add a header or a recipient.
 * @param key the Message-ID is made from it, so equal keys give equal ids
 * @throws {MailAddressInvalidError} if the recipient is not one plain address
 */
export function composeMail(message: MailMessage, from: MailSender, key: string): ComposedMail {
  if (!isMailAddress(message.to)) throw new MailAddressInvalidError("to", message.to);
  return {
    from,
    // As an object it is never parsed again: "a@example.com, b@example.com" would be two recipients.
    to: { name: "", address: message.to },
    subject: oneLine(message.subject),
    text: message.text.toWellFormed(),
    html: message.html.toWellFormed(),
    messageId: messageIdOf(key, from.address),
    // RFC 3834: keeps out-of-office programs from answering a machine.
    headers: { "Auto-Submitted": "auto-generated" },
    // The message is text; nothing in it may make nodemailer read a file or fetch a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** Hashed: a key may hold characters that no header may, and says more about the queue than a recipient should know. */
function messageIdOf(key: string, senderAddress: string): string {
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 32);
  return `<${hash}@${senderAddress.slice(senderAddress.lastIndexOf("@") + 1)}>`;
}
