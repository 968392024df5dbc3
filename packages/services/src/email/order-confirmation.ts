import { formatUsd } from "../money.ts";
import { formatDay, type OrderDocument, type OrderDocumentItem } from "../order-document.ts";
import { type Html, html } from "./html.ts";
import { layOutMail, paragraph } from "./mail-layout.ts";
import type { MailMessage } from "./mailer.ts";

/** The message that tells a customer that the order was received and paid. */
export function composeOrderConfirmation(order: OrderDocument): MailMessage {
  const total = formatUsd(order.totalCents);
  const thanks = `We have received your payment of ${total} and are getting your order ready. Your invoice will be made shortly.`;
  const footer = `You receive this message because ${order.email} was given with order ${order.id}.`;
  return {
    to: order.email,
    subject: `Your order ${order.id} is confirmed`,
    text: [
      "Thank you for your order!",
      thanks,
      `Order ${order.id}, placed on ${formatDay(order.createdAt)}`,
      [...order.items.map(lineInWords), `Total: ${total}`].join("\n"),
      footer,
    ].join("\n\n"),
    html: layOutMail({
      preview: `${total} paid: your order is confirmed`,
      heading: "Thank you for your order!",
      body: html`${paragraph(thanks)}${orderTable(order)}`,
      footer,
    }),
  };
}

function lineInWords({ name, quantity, priceCents }: OrderDocumentItem): string {
  return `${quantity} × ${name} at ${formatUsd(priceCents)}: ${formatUsd(quantity * priceCents)}`;
}

const CELL =
  "padding:10px 0;border-bottom:1px solid #e4e7ec;font-size:14px;line-height:1.5;vertical-align:top";

function orderTable(order: OrderDocument): Html {
  return html`<p style="margin:0 0 4px;font-size:13px;color:#667085">Order ${order.id} · ${formatDay(order.createdAt)}</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
${order.items.map(orderRow)}
<tr>
<td style="padding:14px 0 0;font-size:15px;font-weight:600">Total</td>
<td align="right" style="padding:14px 0 0;font-size:15px;font-weight:600;white-space:nowrap">${formatUsd(order.totalCents)}</td>
</tr>
</table>`;
}

function orderRow({ name, quantity, priceCents }: OrderDocumentItem): Html {
  return html`<tr>
<td style="${CELL};padding-right:16px;word-break:break-word">${name}<br><span style="color:#667085">${quantity} × ${formatUsd(priceCents)}</span></td>
<td align="right" style="${CELL};white-space:nowrap">${formatUsd(quantity * priceCents)}</td>
</tr>
`;
}
