import { styleText } from "node:util";

/** One line that an app wrote, taken out of turbo's prefix. */
export interface AppLine {
  readonly app: string;
  readonly text: string;
  /** The line as the JSON object that pino wrote, or null if it is plain text. */
  readonly entry: Readonly<Record<string, unknown>> | null;
}

const PREFIX = /^@holdfast\/([a-z]+):dev: ?(.*)$/;
/** What pnpm and Node say around every script: noise to somebody who watches four apps. */
const NOISE = /^(> |\$ |\(node:|\(Use `node|cache bypass|Restarting )/;
/** Members of a line that the reader has already: who, when, where. */
const KNOWN = new Set(["level", "time", "pid", "hostname", "name", "msg", "err", "workerId"]);
/** @returns null for lines that say nothing: turbo's own and pnpm's echo of the script */
export function readAppLine(line: string): AppLine | null {
  const [, app, text] = PREFIX.exec(line) ?? [];
  if (!app || text === undefined || text.trim() === "" || NOISE.test(text)) return null;
  return { app, text, entry: parseEntry(text) };
}

function parseEntry(text: string): Readonly<Record<string, unknown>> | null {
  if (!text.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    // A line that only looks like JSON is shown as it is.
    return null;
  }
}

/** `12:00:01 info  order placed orderId=ord-1`, or the text as it is. */
export function formatLine({ text, entry }: AppLine): string {
  if (!entry) return text;
  const time = typeof entry.time === "string" ? new Date(entry.time).toLocaleTimeString("en-GB") : "";
  const level = typeof entry.level === "string" ? entry.level : "info";
  const members = Object.entries(entry).flatMap(([key, value]) =>
    KNOWN.has(key) || value === null
      ? []
      : [`${key}=${typeof value === "string" ? value : JSON.stringify(value)}`],
  );
  const words = [
    time,
    coloured(level),
    typeof entry.msg === "string" ? entry.msg : "",
    styleText("dim", members.join(" ")),
    stackOf(entry.err),
  ];
  return words.filter((word) => word !== "").join(" ");
}

function coloured(level: string): string {
  if (level === "error" || level === "fatal") return styleText("red", level.padEnd(5));
  return level === "warn" ? styleText("yellow", level.padEnd(5)) : styleText("dim", level.padEnd(5));
}

function stackOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("stack" in error && typeof error.stack === "string") return `\n${error.stack}`;
  return "message" in error ? String(error.message) : "";
}
