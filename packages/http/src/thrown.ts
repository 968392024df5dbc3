/** Turns whatever was thrown into an `Error`; a real one is returned as it is, anything else is the `cause`. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(describe(thrown), { cause: thrown });
}

function describe(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    // An object without a prototype, or with a hostile `toString`, has no text of its own.
    return Object.prototype.toString.call(thrown);
  }
}
