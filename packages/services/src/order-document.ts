/** What a customer is told about an order, in messages and on the invoice. */
export interface OrderDocument {
  readonly id: string;
  readonly userId: string;
  readonly email: string;
  readonly createdAt: Date;
  readonly totalCents: number;
  readonly items: readonly OrderDocumentItem[];
}

export interface OrderDocumentItem {
  readonly name: string;
  readonly quantity: number;
  /** Price of one, in US cents. */
  readonly priceCents: number;
}

const longDate = new Intl.DateTimeFormat("en-US", { dateStyle: "long", timeZone: "UTC" });

/** Writes a day the way letters do, in UTC: `November 21, 2026`. */
export function formatDay(day: Date): string {
  return longDate.format(day);
}
