import { parseKeyring } from "@holdfast/queue-core";
import { z } from "zod";
import { isMailAddress, type MailSender, parseMailSender } from "../email/mail-address.ts";

/** A schema over text that says what it expects and nothing else; `parse` returns undefined for what it refuses. */
function text<Output>(
  expected: string,
  parse: (text: string) => Output | undefined,
): z.ZodType<Output, string> {
  return z.string().transform((value, context) => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    context.addIssue(`expected ${expected}`);
    return z.NEVER;
  });
}

/** A whole number within bounds, written in decimal digits. */
export function wholeNumber(least: number, most: number): z.ZodType<number, string> {
  return text(`a whole number from ${least} to ${most}`, (value) => {
    const number = Number(value);
    return /^\d{1,15}$/.test(value) && number >= least && number <= most ? number : undefined;
  });
}

/** A TCP port; 0 lets the system choose. */
export function port(): z.ZodType<number, string> {
  return text("a port from 0 to 65535", (value) =>
    /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? Number(value) : undefined,
  );
}

/** A share from 0 to 1. */
export function share(): z.ZodType<number, string> {
  return text("a number from 0 to 1", (value) =>
    /^(?:0|1|0?\.\d+|0\.\d+|1\.0+)$/.test(value) ? Number(value) : undefined,
  );
}

/** A switch: 1 or true, 0 or false. */
export function flag(): z.ZodType<boolean, string> {
  return text("1 or 0", (value) =>
    value === "1" || value === "true" ? true : value === "0" || value === "false" ? false : undefined,
  );
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word, string> {
  return text(`one of ${words.join(", ")}`, (value) => words.find((word) => word === value));
}

/**
 * Items between commas; spaces around them don't count.
 * @param least how many characters each must have
 */
export function list(what: string, least = 1): z.ZodType<readonly string[], string> {
  return text(`${what}, separated by commas`, (value) => {
    const items = value.split(",").map((item) => item.trim());
    return items.every((item) => item.length >= least) ? items : undefined;
  });
}

/** A URL of one of the given protocols, kept as text; a user and password in it are percent-encoded. */
export function url(protocols: readonly string[], example: string): z.ZodType<string, string> {
  return text(`a URL like ${example}`, (value) => {
    const parsed = URL.parse(value);
    if (parsed === null || !protocols.includes(parsed.protocol) || parsed.host === "") return undefined;
    return canBeDecoded(parsed.username + parsed.password) ? value : undefined;
  });
}

function canBeDecoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** An IANA time zone. */
export function timeZone(): z.ZodType<string, string> {
  return text("an IANA time zone like Europe/Berlin", (value) => {
    try {
      new Intl.DateTimeFormat("en", { timeZone: value }).format(0);
      return value;
    } catch {
      return undefined;
    }
  });
}

/** One mail address. */
export function mailAddress(): z.ZodType<string, string> {
  return text("a mail address like shop@example.com", (value) => (isMailAddress(value) ? value : undefined));
}

/** Who sends mail: an address, with a name before it or without. */
export function mailSender(): z.ZodType<MailSender, string> {
  return text("a sender like Shop <shop@example.com>", (value) => parseMailSender(value) ?? undefined);
}

/** Text of a least length. */
export function longText(least: number): z.ZodType<string, string> {
  return text(`at least ${least} characters`, (value) => (value.length >= least ? value : undefined));
}

/** Keys for payloads; what is wrong with one is said without it. */
export function payloadKeys(): z.ZodType<string, string> {
  return z.string().superRefine((value, context) => {
    try {
      parseKeyring(value);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error));
    }
  });
}

/** Any text. */
export function anyText(): z.ZodType<string, string> {
  return z.string();
}

/** The database: `file:` and a path, of which the path is kept. */
export function databaseUrl(): z.ZodType<string, string> {
  return z.string().transform((value, context) => {
    if (/^postgres(?:ql)?:/i.test(value)) {
      context.addIssue("PostgreSQL is not available yet; expected a SQLite file like file:./data/shop.db");
      return z.NEVER;
    }
    // `file:///a/b`, `file:/a/b`, `file:a/b`: what remains is the path. A query or fragment would be SQLite's own URI
    // syntax, which isn't used, and a host names another machine.
    const path = /^file:(?:\/\/(?=\/))?(?!\/\/)([^?#]+)$/.exec(value)?.[1];
    if (path !== undefined && !path.endsWith("/") && path !== ":memory:") return path;
    context.addIssue("expected a SQLite file like file:./data/shop.db");
    return z.NEVER;
  });
}
