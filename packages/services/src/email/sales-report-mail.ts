import { formatUsd } from "../money.ts";
import type { SalesReport } from "../reports/sales-report.ts";
import { type Html, html } from "./html.ts";
import { layOutMail, paragraph } from "./mail-layout.ts";
import type { MailMessage } from "./mailer.ts";

/**
 * The message that tells the shop's owner how a day went.
 * @param to one address
 */
export function composeSalesReport(report: SalesReport, to: string): MailMessage {
  const revenue = formatUsd(report.revenueCents);
  const orders = `${report.orders} paid ${report.orders === 1 ? "order" : "orders"}`;
  const summary = `${orders}, ${revenue} in all.`;
  const footer = `The day is counted from midnight to midnight in ${report.zone}, each order on the day of its payment.`;
  return {
    to,
    subject: `Sales of ${report.day}: ${revenue}`,
    text: [`Sales of ${report.day}`, summary, report.topProducts.map(lineInWords).join("\n"), footer]
      .filter((part) => part !== "")
      .join("\n\n"),
    html: layOutMail({
      preview: summary,
      heading: `Sales of ${report.day}`,
      body: html`${paragraph(summary)}<table role="presentation" width="100%" cellpadding="0" cellspacing="0">
${report.topProducts.map(productRow)}</table>`,
      footer,
    }),
  };
}

type Product = SalesReport["topProducts"][number];

function lineInWords({ name, quantity, revenueCents }: Product): string {
  return `${quantity} × ${name}: ${formatUsd(revenueCents)}`;
}

const CELL = "padding:10px 0;border-bottom:1px solid #e4e7ec;font-size:14px;line-height:1.5";

function productRow({ name, quantity, revenueCents }: Product): Html {
  return html`<tr>
<td style="${CELL};padding-right:16px;word-break:break-word">${name}</td>
<td align="right" style="${CELL};padding-right:16px;white-space:nowrap;color:#667085">${quantity} sold</td>
<td align="right" style="${CELL};white-space:nowrap">${formatUsd(revenueCents)}</td>
</tr>
`;
}
