import { OptionInvalidError } from "../errors.ts";
import type { Page } from "../store.ts";

/** @throws {OptionInvalidError} if it is none, as a number that was read from outside may be */
export function requirePageSize(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1) return;
  throw new OptionInvalidError(`limit must be a whole number from 1, got ${limit}`);
}

/**
 * The numbers of a cursor, which stands for the last row of the page before.
 * @param parts how many numbers it has
 * @returns null without one: the first page
 * @throws {OptionInvalidError} if it is not from a list like this
 */
export function readCursor(cursor: string | undefined, parts: number): readonly number[] | null {
  if (cursor === undefined) return null;
  const words = cursor.split("-");
  const numbers = words.map((word) => (WORD.test(word) ? Number.parseInt(word, 36) : Number.NaN));
  if (numbers.length === parts && numbers.every(Number.isSafeInteger)) return numbers;
  throw new OptionInvalidError(
    `cursor must be the nextCursor of a page before, got ${JSON.stringify(cursor)}`,
  );
}

const WORD = /^[0-9a-z]+$/;

export function writeCursor(...numbers: readonly number[]): string {
  return numbers.map((number) => number.toString(36)).join("-");
}

/** Cuts the extra row that was read to see whether there is another page. */
export function toPage<Row, Item>(
  items: readonly Item[],
  rows: readonly Row[],
  limit: number,
  cursor: (row: Row) => string,
): Page<Item> {
  const last = rows[limit - 1];
  return {
    items: items.slice(0, limit),
    nextCursor: rows.length > limit && last !== undefined ? cursor(last) : null,
  };
}
