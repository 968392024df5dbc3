import type { Locals } from "./context.ts";
import type { SetupConfig } from "./hooks.ts";
import { createLifecycle } from "./lifecycle.ts";
import { buildRequest, type RequestOptions } from "./request.ts";
import type { RouteDescriptor } from "./route.ts";

/** An application ready to be served; its functions do not use `this`. */
export interface App<TEnv = unknown> {
  /** Answers a request; give it to a server: `serve({ fetch: app.fetch })`. `env` reaches hooks and handlers. */
  readonly fetch: (request: Request, env?: TEnv) => Response | Promise<Response>;
  /** Sends a request through the whole lifecycle without a socket. */
  readonly request: (path: string, options?: RequestOptions) => Promise<Response>;
  /** The array given to `setup`. */
  readonly routes: readonly RouteDescriptor[];
}

/**
 * Makes an application of routes and hooks; it opens no port.
 *
 * @throws Error of rou3's for a path pattern it does not know
 */
export function setup<TLocals extends Locals = Locals, TEnv = unknown>(
  config: SetupConfig<TLocals, TEnv>,
): App<TEnv> {
  const answer = createLifecycle(config);
  return {
    // Hooks and handlers are typed to get TEnv; a caller who leaves it out gave them `undefined` instead.
    fetch: (request, env) => answer(request, env as TEnv),
    request: async (path, options) => await answer(buildRequest(path, options), undefined as TEnv),
    routes: config.routes,
  };
}
