import type { ZodType } from "zod/v4";
import type { Context, ErasedContext, Locals } from "./context.ts";
import type { RequestSchemas } from "./input.ts";

/** How a route validates and answers. */
export interface RouteConfig<
  TLocals extends Locals = Locals,
  TParams extends ZodType | undefined = undefined,
  TQuery extends ZodType | undefined = undefined,
  TBody extends ZodType | undefined = undefined,
  TEnv = unknown,
> {
  /** Schemas for the parts of the request; the body is read only if it has one. */
  readonly request?: { readonly params?: TParams; readonly query?: TQuery; readonly body?: TBody };
  /** Schemas by status, for an OpenAPI document; never applied to what is sent. */
  readonly response?: Readonly<Record<number, ZodType>>;
  /** Answers a request that matched the route, valid or not: the handler decides what bad input gets. */
  resolve(c: Context<TLocals, TParams, TQuery, TBody, TEnv>): Response | Promise<Response>;
}

/** A route as `setup` takes it. */
export interface RouteDescriptor {
  /** Upper case; the empty string for a route that takes every method. */
  readonly method: string;
  readonly path: string;
  /** The config given to the route factory, its types erased so that mixed routes share an array. */
  readonly config: {
    readonly request?: RequestSchemas;
    readonly response?: Readonly<Record<number, ZodType>>;
    resolve(c: ErasedContext): Response | Promise<Response>;
  };
}

type MakeRoute<TEnv> = <
  TParams extends ZodType | undefined = undefined,
  TQuery extends ZodType | undefined = undefined,
  TBody extends ZodType | undefined = undefined,
>(
  path: string,
  config: RouteConfig<Locals, TParams, TQuery, TBody, TEnv>,
) => RouteDescriptor;

/** One function per method, each turning a path and a config into a descriptor. */
export type RouteFactory<TEnv = unknown> = Readonly<
  Record<"get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "all", MakeRoute<TEnv>>
>;

/** Makes a route factory whose handlers see the second argument of `app.fetch` as `TEnv`. */
export function createRoutes<TEnv = unknown>(): RouteFactory<TEnv> {
  const of =
    (method: string): MakeRoute<TEnv> =>
    (path, config) => ({ method, path, config });
  return {
    get: of("GET"),
    post: of("POST"),
    put: of("PUT"),
    patch: of("PATCH"),
    delete: of("DELETE"),
    head: of("HEAD"),
    options: of("OPTIONS"),
    all: of(""),
  };
}

/**
 * Makes route descriptors: `route.get("/orders/:id", { request, resolve })`.
 *
 * A path is made of literals, `:name` segments, `**` for the rest and `**:name` for a named rest of at
 * least one segment. Param values arrive percent-encoded.
 */
export const route: RouteFactory = createRoutes();
