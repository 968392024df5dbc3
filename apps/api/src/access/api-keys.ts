import { createHash, timingSafeEqual } from "node:crypto";
import { ApiKeyInvalidError } from "./access-errors.ts";

/** Whose request it is: a name for an API key that does not give it away, or "" where none is asked for. */
export type Caller = string;

const OPEN_PATHS = new Set(["/health", "/ready"]);

/** Whether a path is one that probes ask for, which have no key. */
export function isOpenPath(path: string): boolean {
  return OPEN_PATHS.has(path);
}

/**
 * Tells callers by their API keys.
 * @param keys the keys that are let in; undefined lets everybody in
 * @returns a function that names a request's caller and throws `ApiKeyInvalidError` for a wrong or missing key
 */
export function createKeyCheck(keys: readonly string[] | undefined): (request: Request) => Caller {
  const known = keys?.map(hash);
  return (request) => {
    if (!known || isOpenPath(new URL(request.url).pathname)) return "";
    const sent = hash(sentKey(request.headers));
    // Hashes have one length, and all are compared, so that time tells nothing about the keys.
    const matches = known.filter((key) => timingSafeEqual(key, sent));
    if (matches.length === 0) throw new ApiKeyInvalidError();
    return sent.toString("hex").slice(0, 16);
  };
}

/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
function sentKey(headers: Headers): string {
  return /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1] ?? headers.get("x-api-key") ?? "";
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
