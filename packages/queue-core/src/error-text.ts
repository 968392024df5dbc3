/** A stored error is at most this long, in characters; what is cut off is said. */
export const MAX_ERROR_LENGTH = 65_536;

/**
 * Describes whatever a handler threw, without trusting it: `throw null`, getters that throw, endless messages.
 * @returns text without NUL characters, at most 65,536 characters and a note on what was cut
 */
export function describeError(thrown: unknown): string {
  const text = readText(thrown).replaceAll("\u0000", "\ufffd").toWellFormed();
  if (text.length <= MAX_ERROR_LENGTH) return text;
  return `${text.slice(0, MAX_ERROR_LENGTH)}… (${text.length - MAX_ERROR_LENGTH} more characters)`;
}

function readText(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      const name = String(thrown.name || "Error");
      const message = String(thrown.message);
      return message ? `${name}: ${message}` : name;
    }
    if (typeof thrown === "object" && thrown !== null) return `Thrown object: ${JSON.stringify(thrown)}`;
    return `Thrown ${typeof thrown}: ${String(thrown)}`;
  } catch {
    return "An error that cannot be read: its own accessors throw";
  }
}
