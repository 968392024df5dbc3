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

/**
 * Frames a message: one centred card, readable on a phone and in the dark. Tables and inline styles, because mail
 * programs drop style sheets and know no flexbox.
 */
export function layOutMail({ preview, heading, body, footer }: MailLayout): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light">
<title>${heading}</title>
</head>
<body style="margin:0;padding:0;background:#f1f3f6;${FONT};color:#1d2939">
<div style="display:none;max-height:0;overflow:hidden">${preview}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f1f3f6">
<tr><td align="center" style="padding:32px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;border-radius:12px;overflow:hidden;border:1px solid #e4e7ec">
<tr><td style="padding:20px 32px;background:#12263f;color:#ffffff;font-size:15px;font-weight:600;letter-spacing:.02em">Holdfast Shop</td></tr>
<tr><td style="padding:32px">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;color:#101828">${heading}</h1>
${body}
</td></tr>
<tr><td style="padding:16px 32px;background:#f9fafb;border-top:1px solid #e4e7ec;font-size:12px;line-height:1.6;color:#667085">${footer}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`.toString();
}

/** A paragraph of a message. */
export function paragraph(text: string): Html {
  return html`<p style="margin:0 0 16px;font-size:15px;line-height:1.6">${text}</p>`;
}
