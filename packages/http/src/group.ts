import type { RouteDescriptor } from "./route.ts";

/**
 * Names an array of routes that belong together and returns that same array, to be spread into `routes`.
 *
 * It adds no prefix and no behaviour.
 */
export function group(routes: RouteDescriptor[]): RouteDescriptor[] {
  return routes;
}
