import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dayBefore, dayBounds, localDay } from "../../src/reports/local-day.ts";

const hoursOf = (day: string, zone: string): number => {
  const { startMs, endMs } = dayBounds(day, zone);
  return (endMs - startMs) / 3_600_000;
};
const startOf = (day: string, zone: string): string => new Date(dayBounds(day, zone).startMs).toISOString();

describe("a local day", () => {
  it.each([
    ["UTC", "2026-03-29", "2026-03-29T00:00:00.000Z", 24],
    ["Europe/Berlin", "2026-03-28", "2026-03-27T23:00:00.000Z", 24],
    ["Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z", 23],
    ["Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z", 25],
    ["America/New_York", "2026-03-08", "2026-03-08T05:00:00.000Z", 23],
    ["America/New_York", "2026-11-01", "2026-11-01T04:00:00.000Z", 25],
    ["Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", 24.5],
    ["Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00.000Z", 23.5],
    ["Asia/Kolkata", "2026-07-01", "2026-06-30T18:30:00.000Z", 24],
    // Clocks that spring forward at midnight: this day has no 00:00 and begins at 01:00.
    ["Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00.000Z", 23],
    // Samoa crossed the date line: 30 December 2011 did not take place there.
    ["Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z", 0],
    ["Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z", 24],
  ])("in %s %s begins at %s and has %d hours", (zone, day, start, hours) => {
    expect(startOf(day, zone)).toBe(start);
    expect(hoursOf(day, zone)).toBe(hours);
  });

  it("the day before is a calendar day, over months, leap days and years", () => {
    expect(["2026-03-01", "2024-03-01", "2026-01-01", "2026-03-30"].map(dayBefore)).toEqual([
      "2026-02-28",
      "2024-02-29",
      "2025-12-31",
      "2026-03-29",
    ]);
  });

  it("every instant lies within the bounds of its own day, and each day ends where the next begins", () => {
    const zones = [
      "UTC",
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
      "Pacific/Kiritimati",
      "Pacific/Niue",
    ];
    const instant = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(instant, fc.constantFrom(...zones), (atMs, zone) => {
        const day = localDay(atMs, zone);
        const { startMs, endMs } = dayBounds(day, zone);
        expect(startMs <= atMs && atMs < endMs).toBe(true);
        expect(localDay(startMs - 1, zone)).toBe(dayBefore(day));
        expect(dayBounds(dayBefore(day), zone).endMs).toBe(startMs);
      }),
    );
  });
});
