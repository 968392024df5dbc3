import { createTransport, type NodemailerError } from "nodemailer";
import { composeMail } from "./compose-mail.ts";
import type { MailSender } from "./mail-address.ts";
import { MailRejectedError, MailUnavailableError } from "./mail-errors.ts";
import type { Mailer, MailMessage, MailReceipt, SendOptions } from "./mailer.ts";

export interface SmtpMailerOptions {
  /** `smtp://` or `smtps://`, with user and password if the server wants them. */
  readonly url: string;
  readonly from: MailSender;
  /** How long to wait for a connection, and for an answer while connected, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Connections kept open at most; 5 by default. */
  readonly connections?: number;
}

/** Sends over SMTP, on connections that are kept and shared. */
export function createSmtpMailer(options: SmtpMailerOptions): Mailer {
  // 10 s: two of these waits and the message itself fit a mail job's own timeout of 30 s.
  const { url, from, timeoutMs = 10_000, connections = 5 } = options;
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: connections,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const underway = new Set<Promise<MailReceipt>>();

  async function send(message: MailMessage, { signal, key }: SendOptions): Promise<MailReceipt> {
    const mail = composeMail(message, from, key);
    try {
      await transport.sendMail({ ...mail, signal });
    } catch (error) {
      throw translate(error, signal);
    }
    return { messageId: mail.messageId };
  }

  return {
    async send(message, sendOptions) {
      const sending = send(message, sendOptions);
      underway.add(sending);
      try {
        return await sending;
      } finally {
        underway.delete(sending);
      }
    },
    async close() {
      await Promise.allSettled(underway);
      transport.close();
    },
  };
}

/** What nodemailer reports, as the interface promises it; an abort stays what it is. */
function translate(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (!(error instanceof Error)) return error;
  const { permanent, response, code } = error as NodemailerError;
  // A server also answers a wrong password with a 5xx, but that one a later attempt survives: the setting gets fixed.
  if (permanent === true && (code === "EENVELOPE" || code === "EMESSAGE")) {
    return new MailRejectedError(response ?? error.message, { cause: error });
  }
  return new MailUnavailableError(error.message, { cause: error });
}
