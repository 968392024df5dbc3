import { join } from "node:path";
import MailComposer from "nodemailer/lib/mail-composer";
import type { Logger } from "pino";
import { writeFileAtomically } from "../atomic-file.ts";
import { type Simulation, simulateCall } from "../simulation/simulated-service.ts";
import { type ComposedMail, composeMail } from "./compose-mail.ts";
import type { MailSender } from "./mail-address.ts";
import type { Mailer } from "./mailer.ts";

export interface SimulatedMailerOptions {
  /** Folder for the messages, absolute. */
  readonly outbox: string;
  readonly from: MailSender;
  readonly simulation: Simulation;
  readonly log: Logger;
}

/**
 * Sends nothing: writes each message as the file an SMTP server would have received, named after its subject and its
 * Message-ID, so that a repeat replaces the first instead of adding a second.
 */
export function createSimulatedMailer({ outbox, from, simulation, log }: SimulatedMailerOptions): Mailer {
  return {
    async send(message, { signal, key }) {
      const mail = composeMail(message, from, key);
      await simulateCall(simulation, signal);
      const path = join(outbox, fileNameOf(mail));
      await writeFileAtomically(path, await new MailComposer(mail).compile().build());
      log.info({ path, subject: mail.subject }, "mail written instead of sent");
      return { messageId: mail.messageId };
    },
    async close() {},
  };
}

function fileNameOf({ subject, messageId }: ComposedMail): string {
  const words = (subject ?? "").toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const id = messageId.slice(1, 17);
  return `${words.slice(0, 80).replace(/^-|-$/g, "")}-${id}.eml`;
}
