import { BodyTooLargeError, BodyUnreadableError } from "./body-errors.ts";
import { checkJson } from "./check-json.ts";

/** No other method has a route, and `new Request` refuses TRACE and CONNECT. */
const METHODS_WITH_BODY = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/**
 * Reads a request's body and checks it before any route sees it: the routes' schemas would take a body over the limit
 * for malformed JSON, and let keys that stand twice pass.
 * @returns the request with its body in memory; the very request if its method takes none
 * @throws {BodyTooLargeError | BodyRefusedError | BodyUnreadableError}
 */
export async function readBody(request: Request): Promise<Request> {
  const { method, url, headers } = request;
  if (!METHODS_WITH_BODY.has(method)) return request;
  const body = await readText(request);
  if (isJson(body)) checkJson(body);
  return new Request(url, { method, headers, body });
}

async function readText(request: Request): Promise<string> {
  try {
    return await request.text();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ERR_BODY_TOO_LARGE")
      throw new BodyTooLargeError();
    throw new BodyUnreadableError({ cause });
  }
}

/** What is no JSON is left to the route, which names it to the client in its own way. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
