export type { Context } from "./context.ts";
export { type CorsOptions, type CorsResult, cors } from "./cors.ts";
export { group } from "./group.ts";
export type { SetupConfig } from "./hooks.ts";
export type { InputState, InputStateFailed, InputStateOk, ValidationIssue } from "./input.ts";
export type { RequestOptions } from "./request.ts";
export { createRoutes, type RouteConfig, type RouteDescriptor, type RouteFactory, route } from "./route.ts";
export { type App, setup } from "./setup.ts";
