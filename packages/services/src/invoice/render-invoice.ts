import { buffer } from "node:stream/consumers";
import PDFDocument from "pdfkit";
import { drawHead, type Invoice, invoiceNumber } from "./invoice-head.ts";
import { COLOR, CONTENT_WIDTH, LEFT, PAGE, RIGHT, registerFonts, type Sheet, TEXT } from "./invoice-style.ts";
import { write } from "./invoice-text.ts";
import { drawItems } from "./item-table.ts";

/**
 * Draws an invoice; the same invoice always gives the same bytes.
 * @returns a PDF file
 */
export async function renderInvoice(invoice: Invoice): Promise<Buffer> {
  const number = invoiceNumber(invoice.order.id);
  const sheet = new PDFDocument({
    size: [PAGE.width, PAGE.height],
    margin: 0,
    bufferPages: true,
    lang: "en-US",
    displayTitle: true,
    info: { Title: `Invoice ${number}`, Author: "Holdfast Shop", CreationDate: invoice.issuedAt },
  });
  const file = buffer(sheet);
  registerFonts(sheet);
  const below = drawItems(sheet, invoice.order, drawHead(sheet, invoice));
  write(sheet, "Paid in full. Thank you for your order!", TEXT.note, {
    x: LEFT,
    y: below + 28,
    width: CONTENT_WIDTH,
  });
  drawFooters(sheet, number);
  sheet.end();
  return await file;
}

/** Drawn last: only then is it known how many pages there are. */
function drawFooters(sheet: Sheet, number: string): void {
  const { start, count } = sheet.bufferedPageRange();
  for (let page = start; page < start + count; page++) {
    sheet.switchToPage(page);
    const y = PAGE.height - 48;
    sheet
      .moveTo(LEFT, y - 12)
      .lineTo(RIGHT, y - 12)
      .lineWidth(0.75)
      .stroke(COLOR.line);
    const line = { x: LEFT, y, width: CONTENT_WIDTH };
    write(sheet, `Holdfast Shop · ${number}`, TEXT.note, line);
    write(sheet, `Page ${page + 1} of ${count}`, TEXT.note, { ...line, align: "right" });
  }
}
