import { OriginForeignError } from "./access-errors.ts";

const READING_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses a change that a page of another site has a visitor's browser send. Where no key is asked for it would pass:
 * bodies need no content type here, so the browser doesn't ask first whether it may send one.
 * @throws {OriginForeignError}
 */
export function refuseForeignPages({ method, headers, url }: Request): void {
  if (READING_METHODS.has(method)) return;
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  // Only browsers send either; `none` is what somebody typed themselves. Over HTTP to other hosts than localhost they
  // send `Origin` alone, and hosts are compared without the scheme, as a proxy may end TLS.
  const isOwn =
    site === null
      ? origin === null || URL.parse(origin)?.host === new URL(url).host
      : site === "same-origin" || site === "none";
  if (!isOwn) throw new OriginForeignError();
}
