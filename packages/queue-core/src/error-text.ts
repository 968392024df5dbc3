/** A stored error is at most this long, in characters; what is cut off is said. */
export const MAX_ERROR_LENGTH = 65_536;

/**
 * Describes whatever a handler threw, without trusting it: `throw null`, getters that throw, endless messages.
 * @returns text without NUL characters, at most 65,536 characters and a note on what was cut
 */
export function describeError(thrown: unknown): string {
  const text = readText(thrown);
  // Cut first: the cut itself can leave half a surrogate pair behind.
  const kept = text.slice(0, MAX_ERROR_LENGTH).replaceAll("\u0000", "\ufffd").toWellFormed();
  return text.length === kept.length ? kept : `${kept}… (${text.length - kept.length} more characters)`;
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
