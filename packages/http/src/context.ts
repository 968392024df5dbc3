import type { InputState, PartOutput, RequestPart, ValidationIssue } from "./input.ts";
import type { RawQuery } from "./query.ts";

/** What `onRequest` may hand to the hooks and the handler of a request. */
export type Locals = Record<string, unknown>;

interface RequestContext<TLocals, TEnv> {
  /** The request as it came in, unwrapped. */
  readonly request: Request;
  /** What `onRequest` returned, else an empty object; the very object the hooks get. */
  readonly locals: TLocals;
  /** The second argument of `app.fetch`. */
  readonly env: TEnv;
}

interface InputContext<TParams, TQuery, TBody> {
  /** The validated request; its parts can be read after a look at `ok`. */
  readonly input: InputState<
    PartOutput<TParams, Record<string, string>>,
    PartOutput<TQuery, RawQuery>,
    PartOutput<TBody, unknown>
  >;
}

/**
 * What a handler gets: the request, its validated input, the request's locals and the server's env.
 *
 * `input` is typed only if the route has a schema; at run time it is always there.
 */
export type Context<
  TLocals extends Locals = Locals,
  TParams = undefined,
  TQuery = undefined,
  TBody = undefined,
  TEnv = unknown,
> = RequestContext<TLocals, TEnv> &
  ([TParams, TQuery, TBody] extends [undefined, undefined, undefined]
    ? unknown
    : InputContext<TParams, TQuery, TBody>);

/**
 * Every handler's context with the schemas' types erased, as the lifecycle makes it.
 *
 * `input` is optional so that a handler whose context type has none can take it too.
 */
export interface ErasedContext extends RequestContext<Locals, unknown> {
  readonly input?: {
    readonly ok: boolean;
    readonly params: unknown;
    readonly query: unknown;
    readonly body: unknown;
    readonly issues: readonly ValidationIssue[];
    readonly failed: readonly RequestPart[];
  };
}
