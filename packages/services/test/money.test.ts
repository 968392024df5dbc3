import { describe, expect, it } from "vitest";
import { formatUsd } from "../src/money.ts";

describe("an amount in cents", () => {
  it.each([
    [0, "$0.00"],
    [5, "$0.05"],
    [99, "$0.99"],
    [100, "$1.00"],
    [8_999, "$89.99"],
    [123_456_789, "$1,234,567.89"],
    [-5, "-$0.05"],
    [-123_400, "-$1,234.00"],
    [Number.MAX_SAFE_INTEGER, "$90,071,992,547,409.91"],
  ])("%d is written %s", (cents, text) => {
    expect(formatUsd(cents)).toBe(text);
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "%d is refused: it is no whole number of cents",
    (cents) => {
      expect(() => formatUsd(cents)).toThrow(RangeError);
    },
  );
});
