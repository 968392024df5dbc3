/** Thrown when a handler or a hook that must answer gave something else than a `Response`. */
class ResponseMissingError extends Error {
  override readonly name = "ResponseMissingError";
  readonly code = "RESPONSE_MISSING";

  constructor(source: string, value: unknown) {
    super(`${source} must return a Response, but returned ${value === null ? "null" : typeof value}.`);
  }
}

/**
 * Passes a response through; types promise one, but code without types may have forgotten its `return`.
 *
 * @throws ResponseMissingError naming the source
 */
export function requireResponse(source: string, value: unknown): Response {
  if (value instanceof Response) return value;
  throw new ResponseMissingError(source, value);
}

/** The answer when no route matches and there is no `onNotFound`. */
export function defaultNotFound(): Response {
  return Response.json({ error: "Not Found" }, { status: 404 });
}

/** The answer to an error without a working `onError`; it says nothing about the error itself. */
export function defaultError(): Response {
  return Response.json({ error: "Internal Server Error" }, { status: 500 });
}

/** Copies a response without its body, for an answer to HEAD; the stream is released, not left hanging. */
export function withoutBody(response: Response): Response {
  if (response.body === null) return response;
  release(response);
  return new Response(null, response);
}

/**
 * Cancels a body that nobody will read, so that its source stops producing.
 *
 * Not awaited by design: one half of a cloned body only settles once the other is done with as well. A source
 * that fails to cancel has nobody left to tell, since its response was dropped.
 */
export function release(response: Response): void {
  if (response.body && !response.body.locked) response.body.cancel().catch(() => undefined);
}
