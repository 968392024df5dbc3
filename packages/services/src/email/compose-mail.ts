import { createHash } from "node:crypto";
import type { MailComposerOptions } from "nodemailer";
import { MailAddressInvalidError } from "./mail-errors.ts";
import type { MailMessage } from "./mailer.ts";

/** RFC 5321, section 4.5.3.1.3: a path has at most 256 characters, its angle brackets included. */
const LONGEST_ADDRESS = 254;

/**
 * One address and nothing else: no line break that starts a header, no comma that adds a recipient, no display name.
 * Quoted local parts are legal but unused outside test suites, so their characters stay out too.
 */
const ONE_ADDRESS = /^[^\s\p{Cc}@<>(),;:"[\]\\]+@[^\s\p{Cc}@<>(),;:"[\]\\]+$/u;

/** A message with every header field, as nodemailer takes it. */
export type ComposedMail = MailComposerOptions & { readonly messageId: string };

/**
 * Adds sender and Message-ID to a message and makes sure that no field can add a header or a recipient.
 * @param from `Name <address>` or an address
 * @param key the Message-ID is made from it, so equal keys give equal ids
 * @throws {MailAddressInvalidError} if the recipient or the sender is not one plain address
 */
export function composeMail(message: MailMessage, from: string, key: string): ComposedMail {
  const sender = parseSender(from);
  return {
    from: sender,
    // As an object it is never parsed again: "a@example.com, b@example.com" would be two recipients.
    to: { name: "", address: plainAddress("to", message.to) },
    subject: oneLine(message.subject),
    text: message.text.toWellFormed(),
    html: message.html.toWellFormed(),
    messageId: messageIdOf(key, sender.address),
    // RFC 3834: keeps out-of-office programs from answering a machine.
    headers: { "Auto-Submitted": "auto-generated" },
    // The message is text; nothing in it may make nodemailer read a file or fetch a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/**
 * Splits a sender such as `Shop <shop@example.com>`.
 * @throws {MailAddressInvalidError} if it does not hold one plain address
 */
export function parseSender(from: string): { readonly name: string; readonly address: string } {
  const named = /^(.*)<([^<>]*)>$/su.exec(from.trim());
  const name = oneLine(named?.[1] ?? "").replace(/^"(.*)"$/u, "$1");
  return { name, address: plainAddress("from", named?.[2] ?? from.trim()) };
}

function plainAddress(field: string, address: string): string {
  if (address.length > LONGEST_ADDRESS || !ONE_ADDRESS.test(address)) {
    throw new MailAddressInvalidError(field, address);
  }
  return address;
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}

/** Hashed: a key may hold characters that no header may, and says more about the queue than a recipient should know. */
function messageIdOf(key: string, senderAddress: string): string {
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 32);
  return `<${hash}@${senderAddress.slice(senderAddress.lastIndexOf("@") + 1)}>`;
}
