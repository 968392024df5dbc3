/** The JSON of a request's body; a missing body is `undefined` as a value, for optional schemas to accept. */
export type JsonBody = { readonly kind: "parsed"; readonly value: unknown } | { readonly kind: "malformed" };

const missingBody: JsonBody = { kind: "parsed", value: undefined };

/**
 * Consumes a request's body and parses it as JSON, whatever its content type.
 *
 * A stream that cannot be read (consumed before, cut off, over a server's limit) counts as malformed.
 */
export async function parseJsonBody(request: Request): Promise<JsonBody> {
  if (request.body === null || declaresNoBody(request.headers)) return missingBody;
  try {
    const text = await request.text();
    // Servers may hand over a stream for a bodyless POST, so emptiness only shows in the text.
    return text === "" ? missingBody : { kind: "parsed", value: JSON.parse(text) };
  } catch {
    return { kind: "malformed" };
  }
}

/** RFC 9112 section 6.3: `transfer-encoding` overrides `content-length`. */
function declaresNoBody(headers: Headers): boolean {
  return headers.get("content-length") === "0" && !headers.has("transfer-encoding");
}
