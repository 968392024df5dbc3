import { createHash } from "node:crypto";

const PLAIN_ID = /^[a-z0-9][a-z0-9_-]{0,99}$/;

/**
 * The file name of an order's invoice: one name without a folder in it, whatever the id holds, and another for each id.
 * Ids with other characters than lower-case letters, digits, `-` and `_` appear as a hash, after a `+` that no plain
 * id contains; upper case is among them because some file systems take `A` and `a` for one.
 */
export function invoiceFileName(orderId: string): string {
  if (PLAIN_ID.test(orderId)) return `invoice-${orderId}.pdf`;
  return `invoice+${createHash("sha256").update(orderId).digest("hex").slice(0, 32)}.pdf`;
}
