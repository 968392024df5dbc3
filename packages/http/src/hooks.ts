import type { Locals } from "./context.ts";
import type { RouteDescriptor } from "./route.ts";

/** An application: its routes, and what happens around them. */
export interface SetupConfig<TLocals extends Locals = Locals, TEnv = unknown> {
  /** Never changed; typed as mutable so that what passes here also passes a published type that asks for it. */
  routes: RouteDescriptor[];
  /** Runs first, for paths without a route too; what it returns becomes the request's locals. */
  onRequest?(event: {
    request: Request;
    env: TEnv;
    // `void`, because a hook that returns nothing may be declared so.
  }): TLocals | undefined | null | void | Promise<TLocals | undefined | null | void>;
  /** Runs last and replaces the response; if it throws, the response goes out as it was before. */
  onResponse?(event: {
    request: Request;
    response: Response;
    locals: TLocals;
    env: TEnv;
  }): Response | Promise<Response>;
  /** Answers for whatever threw before `onResponse`; without it, or if it throws, the answer is a plain 500. */
  onError?(event: {
    error: Error;
    request: Request;
    locals: Partial<TLocals>;
    env: TEnv;
  }): Response | Promise<Response>;
  /** Answers when no route matches the method and path; without it the answer is a plain 404. */
  onNotFound?(event: { request: Request; locals: TLocals; env: TEnv }): Response | Promise<Response>;
}
