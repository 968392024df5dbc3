const wholeDollars = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/**
 * Writes an amount the way an invoice does: `$1,234.50`, `-$0.05`. Integer arithmetic only, so no cent is rounded.
 * @param cents a whole number of US cents
 * @throws {RangeError} if it is no safe integer
 */
export function formatUsd(cents: number): string {
  if (!Number.isSafeInteger(cents))
    throw new RangeError(`An amount must be a whole number of cents, got ${cents}`);
  const size = Math.abs(cents);
  const fraction = String(size % 100).padStart(2, "0");
  return `${cents < 0 ? "-" : ""}$${wholeDollars.format((size - (size % 100)) / 100)}.${fraction}`;
}
