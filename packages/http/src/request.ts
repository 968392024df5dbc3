/** What `app.request` sends. */
export interface RequestOptions {
  /** In any case; GET if not given. */
  method?: string;
  /** Sent as JSON unless `undefined`. */
  body?: unknown;
  headers?: Record<string, string>;
  /** A string replaces that key of the path's own query; an array adds one pair per item. */
  query?: Record<string, string | string[]>;
}

/**
 * Builds a request to `http://localhost` without opening a socket.
 *
 * @param path may carry a query of its own
 * @throws TypeError of the platform's for a GET or HEAD with a body
 */
export function buildRequest(path: string, options: RequestOptions = {}): Request {
  // Joined as text: `new URL(path, base)` would read a path that starts with `//` as another host.
  const url = new URL(`http://localhost${path.startsWith("/") ? "" : "/"}${path}`);
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (typeof value === "string") url.searchParams.set(key, value);
    else for (const item of value) url.searchParams.append(key, item);
  }

  const headers = new Headers(options.headers);
  const init: RequestInit = { method: (options.method ?? "GET").toUpperCase(), headers };
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
  }
  return new Request(url, init);
}
