import type { Sheet, TextStyle } from "./invoice-style.ts";

/** Where text goes, and how much room it has. */
export interface TextBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly align?: "left" | "right" | "center";
  /** Text that needs more than this is cut with an ellipsis; one line by default. */
  readonly lines?: number;
}

const LINE_GAP = 2.5;

/** Writes text into a box; returns the y below it. */
export function write(sheet: Sheet, text: string, style: TextStyle, box: TextBox): number {
  const { x, y, width, align = "left", lines = 1 } = box;
  const flow = applyStyle(sheet, style);
  // A tenth of a point more, so that rounding does not cost the last line.
  const height = lines * (sheet.currentLineHeight(true) + LINE_GAP) + 0.1;
  sheet.text(printable(text), x, y, { ...flow, width, align, height, ellipsis: true });
  return y + Math.min(height, measure(sheet, text, style, width));
}

/** The height that text needs in a width. */
export function measure(sheet: Sheet, text: string, style: TextStyle, width: number): number {
  const flow = applyStyle(sheet, style);
  return sheet.heightOfString(printable(text), { ...flow, width });
}

function applyStyle(sheet: Sheet, { font, size, color, isTabular }: TextStyle): PDFKit.Mixins.TextOptions {
  sheet.font(font).fontSize(size).fillColor(color);
  return { lineGap: LINE_GAP, features: isTabular ? ["kern", "tnum"] : ["kern"] };
}

/** Breaking one endless word takes pdfkit quadratic time: 5,000 letters took half a minute. */
const LONGEST_TEXT = 400;

/** Control characters have no glyph, and one that turns the direction of writing could turn an amount around. */
function printable(text: string): string {
  const shown = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  return shown
    .toWellFormed()
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}
