import { OperatorUnknownError, OriginForeignError } from "./access-errors.ts";
import { identify, type Operator } from "./operator.ts";
import type { Sessions } from "./sessions.ts";

/** What anybody may ask for; a path that is not named here is closed. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/", "/health", "/login"]);
const OPEN_FOLDER = "/assets/";

const READING_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Lets a request through or throws; runs before routing, so a new route is closed until its path is opened here.
 * @returns who asks; null is possible on open paths only
 * @throws {OperatorUnknownError | OriginForeignError}
 */
export function passGate(
  request: Request,
  credentials: { readonly token: string; readonly sessions: Sessions },
): Operator | null {
  const { pathname } = new URL(request.url);
  const operator = identify(request, credentials);
  if (operator === null && !OPEN_PATHS.has(pathname) && !pathname.startsWith(OPEN_FOLDER)) {
    throw new OperatorUnknownError();
  }
  // Only a browser sends a credential without being asked to: the cookie. Logging in is a change too, else another
  // site could log somebody in as it pleases.
  const sentToken = operator !== null && operator.sessionId === null;
  if (!READING_METHODS.has(request.method) && !sentToken && !isOwnPage(request))
    throw new OriginForeignError();
  return operator;
}

/**
 * Every browser sends `Origin` with a POST, PUT, PATCH or DELETE, and `Sec-Fetch-Site` too over HTTPS and to localhost;
 * no script can set either.
 */
function isOwnPage(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  // Hosts are compared without the scheme: behind a proxy that ends TLS this server sees http.
  const origin = request.headers.get("origin");
  return origin !== null && URL.parse(origin)?.host === new URL(request.url).host;
}
