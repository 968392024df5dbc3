const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

/** Zones lie between -12 and +14 hours of UTC, and lay a little further out in the past. */
const FARTHEST_MS = 16 * HOUR_MS;

/**
 * The calendar day of an instant in a zone.
 * @param atMs milliseconds since 1970 UTC
 * @param timeZone IANA name
 * @returns `YYYY-MM-DD`
 */
export function localDay(atMs: number, timeZone: string): string {
  return dayFormat(timeZone).format(atMs);
}

/** The calendar day before one, both `YYYY-MM-DD`. */
export function dayBefore(day: string): string {
  return new Date(utcMidnightMs(day) - DAY_MS).toISOString().slice(0, 10);
}

/**
 * The span of a calendar day in a zone: 23, 24 or 25 hours, or whatever else the zone's clocks do. Each instant
 * belongs to exactly one day.
 * @param day `YYYY-MM-DD`
 * @returns first millisecond, and first millisecond after
 */
export function dayBounds(
  day: string,
  timeZone: string,
): { readonly startMs: number; readonly endMs: number } {
  const next = new Date(utcMidnightMs(day) + DAY_MS).toISOString().slice(0, 10);
  return { startMs: startOfDay(day, timeZone), endMs: startOfDay(next, timeZone) };
}

/**
 * The first instant whose local date is `day` or later, by bisection: adding an offset to UTC midnight goes wrong on
 * the days on which the offset changes, and where clocks spring forward at midnight there is no local 00:00 at all.
 */
function startOfDay(day: string, timeZone: string): number {
  const format = dayFormat(timeZone);
  let before = utcMidnightMs(day) - FARTHEST_MS;
  let at = utcMidnightMs(day) + FARTHEST_MS;
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    // Dates of equal width compare as text.
    if (format.format(middle) >= day) at = middle;
    else before = middle;
  }
  return at;
}

function utcMidnightMs(day: string): number {
  return Date.parse(`${day}T00:00:00.000Z`);
}

/** `sv-SE` writes dates as ISO 8601 does. */
function dayFormat(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    calendar: "iso8601",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
}
