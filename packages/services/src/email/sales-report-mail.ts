import { formatUsd } from "../money.ts";
import type { SalesReport } from "../reports/sales-report.ts";
import { type Html, html } from "./html.ts";
import { layOutMail, paragraph, STYLE, table } from "./mail-layout.ts";
import type { MailMessage } from "./mailer.ts";

/**
 * The message that tells the shop's owner how a day went.
 * @param to one address
 */
export function composeSalesReport(report: SalesReport, to: string): MailMessage {
  const { day, zone, orders, revenueCents, topProducts } = report;
  const heading = `Sales of ${day}`;
  const revenue = formatUsd(revenueCents);
  const summary = `${orders} paid ${orders === 1 ? "order" : "orders"}, ${revenue} in all.`;
  const footer = `The day runs from midnight to midnight in ${zone}. An order counts on the day of its payment.`;
  const lines = topProducts.map(lineInWords).join("\n");
  return {
    to,
    subject: `${heading}: ${revenue}`,
    text: [heading, summary, ...(lines === "" ? [] : [lines]), footer].join("\n\n"),
    html: layOutMail({
      preview: summary,
      heading,
      body: html`${paragraph(summary)}${table("", topProducts.map(productRow))}`,
      footer,
    }),
  };
}

type Product = SalesReport["topProducts"][number];

function lineInWords({ name, quantity, revenueCents }: Product): string {
  return `${quantity} × ${name}: ${formatUsd(revenueCents)}`;
}

function productRow({ name, quantity, revenueCents }: Product): Html {
  return html`<tr>
<td style="${STYLE.text}">${name}</td>
<td align="right" style="${STYLE.figure};${STYLE.muted}">${quantity} sold</td>
<td align="right" style="${STYLE.figure}">${formatUsd(revenueCents)}</td>
</tr>
`;
}
