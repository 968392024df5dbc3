import type { ErasedContext, Locals } from "./context.ts";
import type { SetupConfig } from "./hooks.ts";
import { readInput } from "./input.ts";
import { defaultError, defaultNotFound, release, requireResponse, withoutBody } from "./response.ts";
import type { RouteDescriptor } from "./route.ts";
import { createMatcher } from "./router.ts";
import { toError } from "./thrown.ts";

/** One request on its way through the hooks and its handler. */
interface Exchange<TLocals, TEnv> {
  readonly request: Request;
  readonly env: TEnv;
  readonly locals: TLocals;
}

/**
 * Builds the function that answers one request: `onRequest`, routing, validation, handler, `onResponse`.
 *
 * It rejects for no request: what throws before `onResponse` is answered by `onError`, what throws in
 * `onResponse` or `onError` falls back to the answer there was without it.
 *
 * @throws Error of rou3's for a path pattern it does not know
 */
export function createLifecycle<TLocals extends Locals, TEnv>(config: SetupConfig<TLocals, TEnv>) {
  const match = createMatcher(config.routes);

  return async (request: Request, env: TEnv): Promise<Response> => {
    // The hooks' types promise TLocals, but an `onRequest` that returns nothing or throws leaves this.
    let exchange = { request, env, locals: {} as TLocals };
    let response: Response;
    try {
      const locals = await config.onRequest?.({ request, env });
      if (locals) exchange = { request, env, locals };
      response = await answer(exchange);
    } catch (thrown) {
      response = await answerError(thrown, exchange);
    }
    const sent = await replaceResponse(response, exchange);
    return request.method === "HEAD" ? withoutBody(sent) : sent;
  };

  async function answer(exchange: Exchange<TLocals, TEnv>): Promise<Response> {
    const { request, env, locals } = exchange;
    const { pathname, search } = new URL(request.url);
    const matched = match(request.method, pathname);
    if (matched) {
      const { route, params } = matched;
      const input = await readInput(request, params, search, route.config.request);
      return await resolve(route, Object.freeze({ request, input, locals, env }));
    }
    if (!config.onNotFound) return defaultNotFound();
    return requireResponse("onNotFound", await config.onNotFound(exchange));
  }

  async function answerError(thrown: unknown, exchange: Exchange<TLocals, TEnv>): Promise<Response> {
    if (!config.onError) return defaultError();
    try {
      return requireResponse("onError", await config.onError({ error: toError(thrown), ...exchange }));
    } catch {
      // There is nothing left to ask: the last resort tells the client no more than that it failed.
      return defaultError();
    }
  }

  async function replaceResponse(response: Response, exchange: Exchange<TLocals, TEnv>): Promise<Response> {
    if (!config.onResponse) return response;
    // Taken beforehand, because a hook that throws may have consumed the body.
    const untouched = response.bodyUsed || response.body?.locked ? response : response.clone();
    try {
      const replaced = requireResponse("onResponse", await config.onResponse({ response, ...exchange }));
      // An unread clone would buffer everything that the other half streams.
      if (untouched !== response) release(untouched);
      return replaced;
    } catch {
      return untouched;
    }
  }
}

async function resolve(route: RouteDescriptor, c: ErasedContext): Promise<Response> {
  let returned: Response;
  try {
    returned = await route.config.resolve(c);
  } catch (thrown) {
    // A thrown Response is an answer, not an error; only handlers may do this (see the README).
    if (thrown instanceof Response) return thrown;
    throw thrown;
  }
  return requireResponse(`The handler of ${route.method || "ALL"} ${route.path}`, returned);
}
