/** A query as received: a key given once is a string, a key given more often an array in order. */
export type RawQuery = Record<string, string | string[] | undefined>;

/**
 * Parses a URL's query without ever failing: malformed percent-encoding is kept as it was sent.
 *
 * @param search with or without its leading `?`
 */
export function parseQuery(search: string): RawQuery {
  // No prototype, so that `__proto__` and `constructor` are keys like any other.
  const query: RawQuery = Object.create(null);
  for (const pair of search.replace(/^\?/, "").split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const key = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? "" : decode(pair.slice(equals + 1));
    const earlier = query[key];
    if (earlier === undefined) query[key] = value;
    else if (typeof earlier === "string") query[key] = [earlier, value];
    else earlier.push(value);
  }
  return query;
}

/** Decodes as a form does: `+` is a space, and only a literal `%2B` gives a plus. */
function decode(encoded: string): string {
  const spaced = encoded.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
