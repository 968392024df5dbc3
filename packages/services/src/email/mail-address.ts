/** RFC 5321, section 4.5.3.1.3: a path has at most 256 characters, its angle brackets included. */
const LONGEST_ADDRESS = 254;

/**
 * One address and nothing else: no line break that starts a header, no comma that adds a recipient, no display name.
 * Quoted local parts are legal but unused outside test suites, so their characters stay out too.
 */
const ONE_ADDRESS = /^[^\s\p{Cc}@<>(),;:"[\]\\]+@[^\s\p{Cc}@<>(),;:"[\]\\]+$/u;

/** Whether text is one mail address that cannot be taken for anything else. */
export function isMailAddress(text: string): boolean {
  return text.length <= LONGEST_ADDRESS && ONE_ADDRESS.test(text);
}

/** Who sends: an address, and perhaps a name. */
export interface MailSender {
  /** Empty if there is none. */
  readonly name: string;
  readonly address: string;
}

/** Splits `Shop <shop@example.com>` or a bare address; null if it holds no address, or more than one. */
export function parseMailSender(text: string): MailSender | null {
  const named = /^(.*)<([^<>]*)>$/su.exec(text.trim());
  const address = named?.[2] ?? text.trim();
  if (!isMailAddress(address)) return null;
  return { name: oneLine(named?.[1] ?? "").replace(/^"(.*)"$/u, "$1"), address };
}

/** Text that can stand in a header: without line breaks, other control characters and broken surrogate pairs. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}
