import { addRoute, createRouter, findRoute } from "rou3";
import type { RouteDescriptor } from "./route.ts";

/** A route and the path parameters it was reached with. */
export interface RouteMatch {
  readonly route: RouteDescriptor;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Builds the look-up of a fixed list of routes; of two with the same method and path the first one wins.
 *
 * @throws Error of rou3's for a path pattern it does not know
 */
export function createMatcher(routes: readonly RouteDescriptor[]) {
  const router = createRouter<RouteDescriptor>();
  for (const route of routes) addRoute(router, route.method || undefined, route.path, route);

  return (method: string, pathname: string): RouteMatch | undefined => {
    const found =
      findRoute(router, method, pathname) ??
      // RFC 9110 section 9.3.2: HEAD is GET without the content, unless a route answers it itself.
      (method === "HEAD" ? findRoute(router, "GET", pathname) : undefined);
    return found && { route: found.data, params: found.params ?? {} };
  };
}
