import { formatUsd } from "../money.ts";
import type { OrderDocument, OrderDocumentItem } from "../order-document.ts";
import {
  BOTTOM,
  COLOR,
  CONTENT_WIDTH,
  LEFT,
  PAGE,
  RIGHT,
  type Sheet,
  TEXT,
  type TextStyle,
} from "./invoice-style.ts";
import { measure, write } from "./invoice-text.ts";

interface Column {
  readonly title: string;
  readonly x: number;
  readonly width: number;
  readonly align: "left" | "right";
}

const PADDING = 9;

const COLUMNS = {
  name: { title: "DESCRIPTION", x: LEFT + PADDING, width: 236, align: "left" },
  quantity: { title: "QTY", x: 305, width: 50, align: "right" },
  price: { title: "UNIT PRICE", x: 361, width: 84, align: "right" },
  amount: { title: "AMOUNT", x: 451, width: RIGHT - PADDING - 451, align: "right" },
} as const satisfies Record<string, Column>;

/** A name longer than this is cut: without an end to it, a row could outgrow a page. */
const MOST_NAME_LINES = 8;
/** The total, what is due, the thanks below them, and air. */
const TOTALS_HEIGHT = 96;

/**
 * Draws the items and their total, over as many pages as it takes: each page repeats the column titles, no row is
 * split, and the total does not stand alone on a page. Returns the y below.
 */
export function drawItems(sheet: Sheet, order: OrderDocument, top: number): number {
  let y = drawTitles(sheet, top);
  for (const [index, item] of order.items.entries()) {
    const isLast = index === order.items.length - 1;
    const room = rowHeight(sheet, item) + (isLast ? TOTALS_HEIGHT : 0);
    if (y + room > BOTTOM) y = startPage(sheet);
    y = drawRow(sheet, item, y);
  }
  return drawTotal(sheet, order.totalCents, y);
}

function startPage(sheet: Sheet): number {
  sheet.addPage();
  return drawTitles(sheet, PAGE.margin);
}

function drawTitles(sheet: Sheet, y: number): number {
  const height = 24;
  sheet.roundedRect(LEFT, y, CONTENT_WIDTH, height, 3).fill(COLOR.shade);
  for (const column of Object.values(COLUMNS)) writeCell(sheet, column, column.title, TEXT.label, y + 8);
  return y + height;
}

function rowHeight(sheet: Sheet, { name }: OrderDocumentItem): number {
  const line = measure(sheet, "X", TEXT.body, COLUMNS.name.width);
  const whole = measure(sheet, name, TEXT.body, COLUMNS.name.width);
  return Math.min(whole, MOST_NAME_LINES * line) + 2 * PADDING;
}

function drawRow(sheet: Sheet, item: OrderDocumentItem, y: number): number {
  const { name, quantity, priceCents } = item;
  const textY = y + PADDING;
  const below = y + rowHeight(sheet, item);
  write(sheet, name, TEXT.body, { ...COLUMNS.name, y: textY, lines: MOST_NAME_LINES });
  writeCell(sheet, COLUMNS.quantity, quantity.toLocaleString("en-US"), TEXT.number, textY);
  writeCell(sheet, COLUMNS.price, formatUsd(priceCents), TEXT.number, textY);
  writeCell(sheet, COLUMNS.amount, formatUsd(quantity * priceCents), TEXT.number, textY);
  sheet.moveTo(LEFT, below).lineTo(RIGHT, below).lineWidth(0.75).stroke(COLOR.line);
  return below;
}

function drawTotal(sheet: Sheet, totalCents: number, y: number): number {
  const total = formatUsd(totalCents);
  const paidY = y + 16;
  const label = { x: COLUMNS.quantity.x, width: COLUMNS.amount.x - COLUMNS.quantity.x };
  const amount = { x: COLUMNS.price.x, width: RIGHT - PADDING - COLUMNS.price.x, align: "right" } as const;
  write(sheet, "Total (USD)", TEXT.total, { ...label, y: paidY });
  let below = write(sheet, total, TEXT.total, { ...amount, y: paidY });
  below += 6;
  const muted = { ...TEXT.number, color: COLOR.muted };
  write(sheet, "Amount due", muted, { ...label, y: below });
  return write(sheet, formatUsd(0), muted, { ...amount, y: below });
}

function writeCell(sheet: Sheet, column: Column, text: string, style: TextStyle, y: number): void {
  write(sheet, text, style, { x: column.x, y, width: column.width, align: column.align });
}
