// Never run: the type check reads it as part of the workspace, and `types.test.ts` reads it by itself.
import {
  type App,
  type Context,
  createRoutes,
  group,
  type RouteConfig,
  type RouteDescriptor,
  route,
  setup,
  type ValidationIssue,
} from "@hectoday/http";
import { expectTypeOf } from "vitest";
import { z } from "zod/v4";

const order = z.object({ id: z.string().transform(Number), note: z.string().default("") });
const page = z.object({ page: z.coerce.number() });

const posted = route.post("/orders/:id", {
  request: { params: z.object({ id: z.string() }), query: page, body: order },
  resolve: (c) => {
    // @ts-expect-error: before the look at `ok` the body may be missing
    c.input.body.note.trim();
    expectTypeOf(c.input.ok).toEqualTypeOf<boolean>();

    if (!c.input.ok) {
      expectTypeOf(c.input.body).toEqualTypeOf<undefined>();
      expectTypeOf(c.input.params).toEqualTypeOf<undefined>();
      expectTypeOf(c.input.issues).toEqualTypeOf<readonly ValidationIssue[]>();
      expectTypeOf(c.input.failed).toEqualTypeOf<readonly ("params" | "query" | "body")[]>();
      return new Response(null, { status: 400 });
    }
    // The schemas' output, not what was sent.
    expectTypeOf(c.input.body).toEqualTypeOf<{ id: number; note: string }>();
    expectTypeOf(c.input.query).toEqualTypeOf<{ page: number }>();
    expectTypeOf(c.input.params).toEqualTypeOf<{ id: string }>();
    expectTypeOf(c.input.issues).toEqualTypeOf<readonly []>();
    expectTypeOf(c.request).toEqualTypeOf<Request>();
    expectTypeOf(c.env).toEqualTypeOf<unknown>();
    // @ts-expect-error: not in the schema
    void c.input.body.missing;
    // @ts-expect-error: the input cannot be reassigned
    c.input.body = { id: 1, note: "" };
    return Response.json(c.input.body);
  },
});

const partly = route.post("/orders/:id", {
  request: { query: page },
  resolve: async (c) => {
    if (c.input.ok) {
      expectTypeOf(c.input.params).toEqualTypeOf<Record<string, string>>();
      expectTypeOf(c.input.body).toEqualTypeOf<unknown>();
    }
    return Promise.resolve(new Response());
  },
});

const queried = route.get("/orders", {
  request: { params: z.object({}) },
  resolve: (c) => {
    if (c.input.ok)
      expectTypeOf(c.input.query).toEqualTypeOf<Record<string, string | string[] | undefined>>();
    return new Response();
  },
});

const bare = route.get("/bare", {
  resolve: (c) => {
    expectTypeOf(c.locals).toEqualTypeOf<Record<string, unknown>>();
    expectTypeOf(c.locals["user"]).toEqualTypeOf<unknown>();
    // @ts-expect-error: without a schema there is no input to read
    void c.input;
    // @ts-expect-error: the context is frozen
    c.locals = {};
    return new Response();
  },
});

route.get("/empty", {
  // @ts-expect-error: a handler has to return a Response
  resolve: () => {},
});

// @ts-expect-error: a schema is a zod schema
route.get("/schema", { request: { query: { page: "number" } }, resolve: () => new Response() });

const mixed = [posted, partly, queried, bare];
expectTypeOf(mixed).toEqualTypeOf<RouteDescriptor[]>();
expectTypeOf(group(mixed)).toEqualTypeOf<RouteDescriptor[]>();

const app = setup({
  routes: mixed,
  onRequest: async ({ request, env }) => {
    expectTypeOf(request).toEqualTypeOf<Request>();
    expectTypeOf(env).toEqualTypeOf<unknown>();
    return Promise.resolve({ user: "ada", startedMs: 0 });
  },
  onResponse: ({ locals, response }) => {
    expectTypeOf(locals).toEqualTypeOf<{ user: string; startedMs: number }>();
    // @ts-expect-error: onRequest returned no such thing
    void locals.role;
    return response;
  },
  onNotFound: ({ locals }) => {
    expectTypeOf(locals).toEqualTypeOf<{ user: string; startedMs: number }>();
    return new Response();
  },
  onError: ({ error, locals }) => {
    expectTypeOf(error).toEqualTypeOf<Error>();
    expectTypeOf(locals).toEqualTypeOf<Partial<{ user: string; startedMs: number }>>();
    // @ts-expect-error: onRequest may have thrown before there was a user
    locals.user.trim();
    return new Response();
  },
});
expectTypeOf(app).toEqualTypeOf<App>();
expectTypeOf(app.fetch(new Request("http://localhost/"))).toEqualTypeOf<Response | Promise<Response>>();

// A hook may return nothing, or sometimes nothing; it cannot answer the request.
setup({
  routes: [],
  onRequest: () => {},
  onResponse: ({ response, locals }) => {
    expectTypeOf(locals).toEqualTypeOf<Record<string, unknown>>();
    return response;
  },
});
setup({ routes: [], onRequest: ({ request }) => (request.body ? { user: "ada" } : undefined) });
// @ts-expect-error: a Response would become the locals
setup({ routes: [], onRequest: () => new Response() });
// @ts-expect-error: validators belong to an older generation
setup({ routes: [], validator: z });

interface Env {
  readonly region: string;
}
const regional = createRoutes<Env>();
const regionalApp = setup<{ user: string }, Env>({
  routes: [
    regional.get("/bare", {
      resolve: (c) => {
        expectTypeOf(c.env).toEqualTypeOf<Env>();
        return new Response(c.env.region);
      },
    }),
    regional.get("/schema", {
      request: { query: page },
      resolve: (c) => {
        expectTypeOf(c.env).toEqualTypeOf<Env>();
        return new Response(c.input.ok ? String(c.input.query.page) : "");
      },
    }),
    bare,
  ],
  onRequest: ({ env }) => ({ user: env.region }),
  onError: ({ env }) => {
    expectTypeOf(env).toEqualTypeOf<Env>();
    return new Response();
  },
});
void regionalApp.fetch(new Request("http://localhost/"), { region: "eu" });
// @ts-expect-error: the env has another shape
void regionalApp.fetch(new Request("http://localhost/"), { zone: 1 });

// The generics of a route's config in their order, and a context written out by hand.
type Written = RouteConfig<Record<string, unknown>, undefined, typeof page, typeof order, Env>;
expectTypeOf<Parameters<Written["resolve"]>[0]>().toEqualTypeOf<
  Context<Record<string, unknown>, undefined, typeof page, typeof order, Env>
>();
