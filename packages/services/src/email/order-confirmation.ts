import { formatUsd } from "../money.ts";
import { formatDay, type OrderDocument, type OrderDocumentItem } from "../order-document.ts";
import { type Html, html } from "./html.ts";
import { layOutMail, paragraph, STYLE, table } from "./mail-layout.ts";
import type { MailMessage } from "./mailer.ts";

/** The message that tells a customer that the order was received and paid. */
export function composeOrderConfirmation(order: OrderDocument): MailMessage {
  const total = formatUsd(order.totalCents);
  const heading = "Thank you for your order!";
  const thanks = `We have received your payment of ${total} and are getting your order ready.`;
  const footer = `You receive this message because ${order.email} was given with order ${order.id}.`;
  return {
    to: order.email,
    subject: `Your order ${order.id} is confirmed`,
    text: [
      heading,
      thanks,
      `Order ${order.id}, placed on ${formatDay(order.createdAt)}`,
      [...order.items.map(lineInWords), `Total: ${total}`].join("\n"),
      footer,
    ].join("\n\n"),
    html: layOutMail({
      preview: `${total} paid: your order is confirmed`,
      heading,
      body: html`${paragraph(thanks)}
<p style="${STYLE.caption}">Order ${order.id} · ${formatDay(order.createdAt)}</p>
${table("", [...order.items.map(itemRow), totalRow(total)])}`,
      footer,
    }),
  };
}

function lineInWords({ name, quantity, priceCents }: OrderDocumentItem): string {
  return `${quantity} × ${name} at ${formatUsd(priceCents)}: ${formatUsd(quantity * priceCents)}`;
}

function itemRow({ name, quantity, priceCents }: OrderDocumentItem): Html {
  const price = html`<span style="${STYLE.muted}">${quantity} × ${formatUsd(priceCents)}</span>`;
  return html`<tr>
<td style="${STYLE.text}">${name}<br>${price}</td>
<td align="right" style="${STYLE.figure}">${formatUsd(quantity * priceCents)}</td>
</tr>
`;
}

function totalRow(total: string): Html {
  return html`<tr>
<td style="${STYLE.total}">Total</td>
<td align="right" style="${STYLE.total}">${total}</td>
</tr>`;
}
