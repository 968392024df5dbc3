import type { RouteDescriptor, RouteFactory } from "./route.ts";

/** Which other origins may use the application from a browser, and how. */
export interface CorsOptions {
  /** An origin such as `https://shop.example`, several of them, or `*` for any. */
  origin: string | readonly string[];
  /** GET, HEAD, PUT, PATCH, POST and DELETE if not given. */
  methods?: readonly string[];
  /** Request headers to allow; if not given, those that the preflight asks for. */
  allowHeaders?: readonly string[];
  /** Response headers that scripts may read beyond the safelisted ones. */
  exposeHeaders?: readonly string[];
  /** Whether cookies and authorization may be sent along; false if not given. */
  credentials?: boolean;
  /** How many seconds a browser may remember a preflight. */
  maxAge?: number;
}

/** The two places where CORS acts. */
export interface CorsResult {
  /** Makes the route that answers every preflight with 204; give it the `route` factory. */
  readonly preflight: <TEnv>(route: RouteFactory<TEnv>) => RouteDescriptor;
  /** Copies a response with the CORS headers added that its request may have; meant for `onResponse`. */
  readonly headers: (request: Request, response: Response) => Response;
}

/** Thrown by `cors` for options that would let every web site act with a visitor's credentials. */
class CorsOriginUnsafeError extends Error {
  override readonly name = "CorsOriginUnsafeError";
  readonly code = "CORS_ORIGIN_UNSAFE";

  constructor() {
    super("cors cannot combine the origin `*` with credentials: list the origins that may send credentials.");
  }
}

const DEFAULT_METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];

/**
 * Makes the preflight route and the response headers of cross-origin requests (Fetch standard, section 3.2).
 *
 * @throws CorsOriginUnsafeError for the origin `*` together with credentials
 */
export function cors(options: CorsOptions): CorsResult {
  const origins = [options.origin].flat();
  const anyOrigin = origins.includes("*");
  if (anyOrigin && options.credentials) throw new CorsOriginUnsafeError();

  /** Adds what both kinds of answer share, and tells whether the origin is allowed. */
  function allowOrigin(request: Request, headers: Headers): boolean {
    // Caches must keep the answers per origin as soon as they differ by origin.
    if (!anyOrigin) addVary(headers, "Origin");
    const origin = request.headers.get("origin");
    if (origin === null || !(anyOrigin || origins.includes(origin))) return false;
    headers.set("access-control-allow-origin", anyOrigin ? "*" : origin);
    if (options.credentials) headers.set("access-control-allow-credentials", "true");
    return true;
  }

  function answerPreflight(request: Request): Response {
    const headers = new Headers();
    if (allowOrigin(request, headers)) {
      headers.set("access-control-allow-methods", (options.methods ?? DEFAULT_METHODS).join(", "));
      const allowed =
        options.allowHeaders?.join(", ") ?? request.headers.get("access-control-request-headers");
      if (allowed) headers.set("access-control-allow-headers", allowed);
      if (options.maxAge !== undefined) headers.set("access-control-max-age", String(options.maxAge));
    }
    return new Response(null, { status: 204, headers });
  }

  return {
    preflight: (route) => route.options("/**", { resolve: ({ request }) => answerPreflight(request) }),
    headers: (request, response) => {
      // A copy, because the headers of a redirect or of a fetched response cannot be changed.
      const copy = new Response(response.body, response);
      if (allowOrigin(request, copy.headers) && options.exposeHeaders?.length) {
        copy.headers.set("access-control-expose-headers", options.exposeHeaders.join(", "));
      }
      return copy;
    },
  };
}

function addVary(headers: Headers, field: string): void {
  const fields = (headers.get("vary") ?? "").toLowerCase().split(/\s*,\s*/);
  if (!fields.includes(field.toLowerCase()) && !fields.includes("*")) headers.append("vary", field);
}
