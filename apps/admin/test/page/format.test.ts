import { expect, it } from "vitest";

// By address, as the page's scripts are not part of the program that checks the tests; types.test.ts checks them.
const script = new URL("../../src/page/format.js", import.meta.url).href;
const { firstLine, formatDistance, formatDuration, formatJson, formatNumber, formatShare, formatSpan } =
  await import(script);

it.each([
  [0, "0 s"],
  [-5_000, "0 s"],
  [59_400, "59 s"],
  [59_600, "1 min"],
  [150_000, "2 min"],
  [3_600_000, "1 h"],
  [12_300_000, "3 h 25 min"],
  [86_400_000, "1 d"],
  [90_000_000, "1 d 1 h"],
])("a span of %d ms is %s", (ms, text) => {
  expect(formatSpan(ms)).toBe(text);
});

it.each([
  [-5, "0 ms"],
  [0, "0 ms"],
  [999, "999 ms"],
  [1_000, "1 s"],
  [150_000, "2 min"],
])("a run of %d ms took %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it("a moment is told by its distance, before or after", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(formatDistance("2025-12-31T23:58:00.000Z", now)).toBe("2 min ago");
  expect(formatDistance("2026-01-01T03:00:00.000Z", now)).toBe("in 3 h");
  expect(formatDistance("2026-01-01T00:00:01.000Z", now)).toBe("now");
});

it("numbers, shares and JSON are told as people read them", () => {
  expect(formatNumber(12_345.67)).toBe("12,345.7");
  expect(formatShare(0.0512)).toBe("5.1%");
  expect(formatShare(null)).toBe("–");
  expect(formatJson({ a: 1 })).toBe('{\n  "a": 1\n}');
  expect(firstLine("first\nsecond")).toBe("first");
  expect(firstLine(null)).toBe("");
});
