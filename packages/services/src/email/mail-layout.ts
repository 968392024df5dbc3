import { type Html, html } from "./html.ts";

/** What the frame around a message needs. */
export interface MailLayout {
  /** Shown by mail programs beside the subject, before the message is opened. */
  readonly preview: string;
  readonly heading: string;
  readonly body: Html;
  readonly footer: string;
}

const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const LINE = "1px solid #e4e7ec";
const CELL = `border-bottom:${LINE};font-size:14px;line-height:1.5;vertical-align:top`;

const FRAME = {
  page: `margin:0;padding:0;background:#f1f3f6;${FONT};color:#1d2939`,
  preview: "display:none;max-height:0;overflow:hidden",
  card: `max-width:560px;background:#ffffff;border-radius:12px;overflow:hidden;border:${LINE}`,
  shop: "padding:20px 32px;background:#12263f;color:#ffffff;font-size:15px;font-weight:600",
  heading: "margin:0 0 16px;font-size:22px;line-height:1.3;color:#101828",
  footer: `padding:16px 32px;background:#f9fafb;border-top:${LINE};font-size:12px;line-height:1.6;color:#667085`,
} as const;

/** The looks of what stands inside the frame. */
export const STYLE = {
  caption: "margin:0 0 4px;font-size:13px;color:#667085",
  muted: "color:#667085",
  text: `padding:10px 16px 10px 0;${CELL};word-break:break-word`,
  figure: `padding:10px 0 10px 16px;${CELL};white-space:nowrap`,
  total: "padding:14px 0 0;font-size:15px;font-weight:600;white-space:nowrap",
} as const;

/** A table that takes all the width there is, without lines or gaps of its own. */
export function table(style: string, rows: Html | readonly Html[]): Html {
  return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="${style}">
${rows}
</table>`;
}

/** A paragraph of a message. */
export function paragraph(text: string): Html {
  return html`<p style="margin:0 0 16px;font-size:15px;line-height:1.6">${text}</p>`;
}

/**
 * Frames a message: one centred card, readable on a phone too. Tables and inline styles, because mail programs drop
 * style sheets and know no flexbox.
 */
export function layOutMail({ preview, heading, body, footer }: MailLayout): string {
  const card = html`<tr><td style="${FRAME.shop}">Holdfast Shop</td></tr>
<tr><td style="padding:32px">
<h1 style="${FRAME.heading}">${heading}</h1>
${body}
</td></tr>
<tr><td style="${FRAME.footer}">${footer}</td></tr>`;
  const page = html`<tr><td align="center" style="padding:32px 12px">${table(FRAME.card, card)}</td></tr>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light">
<title>${heading}</title>
</head>
<body style="${FRAME.page}">
<div style="${FRAME.preview}">${preview}</div>
${table("background:#f1f3f6", page)}
</body>
</html>
`.toString();
}
