const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const weights = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const percents = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const moments = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

const times = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

/** @param {number} value */
export function formatNumber(value) {
  return numbers.format(value);
}

/** @param {number} value of a group, from 0.01: one decimal would make 0 of it */
export function formatWeight(value) {
  return weights.format(value);
}

/** @param {number | null} value a share from 0 to 1; null if there is none */
export function formatShare(value) {
  return value === null ? "–" : percents.format(value);
}

/** @param {string} iso a time of the server's, told in the reader's zone */
export function formatMoment(iso) {
  return moments.format(new Date(iso));
}

/** The time of day to the millisecond. @param {string} iso */
export function formatTime(iso) {
  return times.format(new Date(iso));
}

/** Units by their length in seconds, longest first; each is used from its own length on. */
const UNITS = /** @type {const} */ ([
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
]);

/**
 * A span in its two longest units at most: `3 h 20 min`, `45 s`.
 * @param {number} ms
 */
export function formatSpan(ms) {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  for (const [index, [length, unit]] of UNITS.entries()) {
    if (seconds < length) continue;
    const whole = `${Math.floor(seconds / length)} ${unit}`;
    const next = UNITS[index + 1];
    const rest = next === undefined ? 0 : Math.floor((seconds % length) / next[0]);
    return next === undefined || rest === 0 ? whole : `${whole} ${rest} ${next[1]}`;
  }
  return `${seconds} s`;
}

/**
 * How long something took: below a second in milliseconds, as most runs are that short.
 * @param {number} ms
 */
export function formatDuration(ms) {
  return ms < 1_000 ? `${Math.max(0, Math.round(ms))} ms` : formatSpan(ms);
}

/**
 * How long ago, or how long until.
 * @param {string} iso
 * @param {number} nowMs
 */
export function formatDistance(iso, nowMs) {
  const ms = nowMs - Date.parse(iso);
  // The server's clock is told in whole seconds, so the last one is undecided.
  if (Math.abs(ms) < 1_500) return "now";
  return ms > 0 ? `${formatSpan(ms)} ago` : `in ${formatSpan(-ms)}`;
}

/** @param {unknown} value */
export function formatJson(value) {
  return JSON.stringify(value, null, 2);
}

/**
 * The line of an error that says most in a list.
 * @param {string | null} text
 */
export function firstLine(text) {
  return (text ?? "").split("\n", 1)[0] ?? "";
}
