import type { OrderDocument } from "../order-document.ts";
import { html } from "./html.ts";
import { layOutMail, paragraph } from "./mail-layout.ts";
import type { MailMessage } from "./mailer.ts";

/** The message that asks a customer, a day later, whether everything is fine. */
export function composeOrderFollowup(order: OrderDocument): MailMessage {
  const heading = "How is everything going?";
  const names = order.items.map((item) => item.name).join(", ");
  const question = `Yesterday you ordered: ${names}. We would like to know whether everything went well.`;
  const offer = "If anything is not as it should be, just reply to this message. A person will read it.";
  const footer = `This is the only message we send after order ${order.id}.`;
  return {
    to: order.email,
    subject: `How is your order ${order.id}?`,
    text: [heading, question, offer, footer].join("\n\n"),
    html: layOutMail({
      preview: question,
      heading,
      body: html`${paragraph(question)}${paragraph(offer)}`,
      footer,
    }),
  };
}
