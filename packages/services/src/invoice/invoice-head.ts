import { formatDay, type OrderDocument } from "../order-document.ts";
import { COLOR, CONTENT_WIDTH, LEFT, PAGE, RIGHT, type Sheet, TEXT } from "./invoice-style.ts";
import { write } from "./invoice-text.ts";

const BAND_HEIGHT = 64;
const COLUMN_GAP = 24;

/** Leaves the facts 216 points: an ordinary order's number, 33 characters, takes 214 at its widest (all of them C). */
const META_WIDTH = 296;

/** What an invoice is made from. */
export interface Invoice {
  readonly order: OrderDocument;
  readonly issuedAt: Date;
}

/** The number under which an order is billed: there is one invoice per order, so the order's id makes it. */
export function invoiceNumber(orderId: string): string {
  return `INV-${orderId.replace(/^ord-/, "").toUpperCase()}`;
}

/** Draws the shop, the invoice's number and dates and whom it is for; returns the y below. */
export function drawHead(sheet: Sheet, { order, issuedAt }: Invoice): number {
  sheet.rect(0, 0, PAGE.width, BAND_HEIGHT).fill(COLOR.accent);
  write(sheet, "Holdfast Shop", TEXT.shop, { x: LEFT, y: 23, width: CONTENT_WIDTH });

  const titleY = BAND_HEIGHT + 32;
  write(sheet, "Invoice", TEXT.title, { x: LEFT, y: titleY, width: CONTENT_WIDTH });
  drawPaidMark(sheet, titleY + 6);

  const top = titleY + 52;
  const billToWidth = CONTENT_WIDTH - META_WIDTH - COLUMN_GAP;
  let left = write(sheet, "BILL TO", TEXT.label, { x: LEFT, y: top, width: billToWidth });
  left = write(sheet, order.userId, TEXT.strong, { x: LEFT, y: left + 3, width: billToWidth, lines: 3 });
  left = write(sheet, order.email, TEXT.body, { x: LEFT, y: left, width: billToWidth, lines: 3 });

  const facts = [
    ["Invoice number", invoiceNumber(order.id)],
    ["Invoice date", formatDay(issuedAt)],
    ["Order", order.id],
    ["Order date", formatDay(order.createdAt)],
  ] as const;
  let right = top;
  for (const [label, fact] of facts) right = drawFact(sheet, label, fact, right);
  return Math.max(left, right) + 24;
}

function drawPaidMark(sheet: Sheet, y: number): void {
  const width = 52;
  sheet.roundedRect(RIGHT - width, y, width, 20, 10).fill(COLOR.paidShade);
  write(
    sheet,
    "PAID",
    { ...TEXT.strong, color: COLOR.paid },
    { x: RIGHT - width, y: y + 4.5, width, align: "center" },
  );
}

function drawFact(sheet: Sheet, label: string, fact: string, y: number): number {
  const labelWidth = 80;
  const x = RIGHT - META_WIDTH;
  write(sheet, label, { ...TEXT.body, color: COLOR.muted }, { x, y, width: labelWidth });
  const width = META_WIDTH - labelWidth;
  return write(sheet, fact, TEXT.body, { x: x + labelWidth, y, width, align: "right", lines: 4 }) + 3;
}
