import { route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";

class TeapotError extends Error {
  readonly statusCode = 418;
}

/** Where an application with hooks throws, and what. */
interface Plan {
  readonly resolve?: () => Response | Promise<Response>;
  readonly onRequest?: () => never;
  readonly onNotFound?: () => never;
}

/** An application whose hooks keep a record; its `onError` answers a `TeapotError` with that error's status. */
function observed(plan: Plan) {
  const calls: string[] = [];
  const errors: Error[] = [];
  const locals: object[] = [];
  const app = setup({
    routes: [
      route.get("/", {
        resolve: () => {
          calls.push("resolve");
          return plan.resolve?.() ?? new Response("fine");
        },
      }),
    ],
    onRequest: () => {
      plan.onRequest?.();
      return { user: "ada" };
    },
    onNotFound: () => plan.onNotFound?.() ?? new Response(null, { status: 404 }),
    onError: (event) => {
      calls.push("onError");
      errors.push(event.error);
      locals.push(event.locals);
      const status = event.error instanceof TeapotError ? event.error.statusCode : 500;
      return new Response("from onError", { status });
    },
    onResponse: ({ response }) => {
      calls.push("onResponse");
      return response;
    },
  });
  return { app, calls, errors, locals };
}

function raise(thrown: unknown): never {
  throw thrown;
}

describe("onError", () => {
  it.each([
    ["throws", (error: Error): never => raise(error)],
    ["rejects", async (error: Error) => Promise.reject<Response>(error)],
  ])("40: gets the very error of a handler that %s, and its answer passes onResponse", async (_how, fail) => {
    const error = new TeapotError("short and stout");
    const { app, calls, errors } = observed({ resolve: () => fail(error) });
    const response = await app.request("/");
    expect(response.status).toBe(418);
    expect(await response.text()).toBe("from onError");
    expect(errors[0]).toBe(error);
    expect(calls).toEqual(["resolve", "onError", "onResponse"]);
  });

  it.each([
    ["a string", "out of tea", "out of tea"],
    ["null", null, "null"],
    ["an object without a text", Object.create(null), "[object Object]"],
  ])("41: gets %s that was thrown as the cause of an Error", async (_what, thrown, message) => {
    const { app, errors } = observed({ resolve: () => raise(thrown) });
    expect((await app.request("/")).status).toBe(500);
    expect(errors[0]).toBeInstanceOf(Error);
    expect(errors[0]!.message).toBe(message);
    expect(errors[0]!.cause).toBe(thrown);
  });

  it("43: that throws leaves the default 500, which still passes onResponse", async () => {
    const seen: number[] = [];
    const app = setup({
      routes: [route.get("/", { resolve: () => raise(new Error("first")) })],
      onError: () => raise(new Error("second")),
      onResponse: ({ response }) => {
        seen.push(response.status);
        return response;
      },
    });
    const response = await app.request("/");
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: "Internal Server Error" });
    expect(seen).toEqual([500]);
  });

  it("44: gets empty locals when onRequest throws, the handler is not run, and onResponse is", async () => {
    const error = new TeapotError("no");
    const { app, calls, errors, locals } = observed({ onRequest: () => raise(error) });
    expect((await app.request("/")).status).toBe(418);
    expect(errors).toEqual([error]);
    expect(locals).toEqual([{}]);
    expect(calls).toEqual(["onError", "onResponse"]);
  });

  it("44: gets the locals that onRequest made when a handler throws", async () => {
    const { app, locals } = observed({ resolve: () => raise(new Error("late")) });
    await app.request("/");
    expect(locals).toEqual([{ user: "ada" }]);
  });

  it("45: answers for an onNotFound that throws, and that answer passes onResponse", async () => {
    const error = new TeapotError("no");
    const { app, calls, errors } = observed({ onNotFound: () => raise(error) });
    expect((await app.request("/unknown")).status).toBe(418);
    expect(errors[0]).toBe(error);
    expect(calls).toEqual(["onError", "onResponse"]);
  });
});

describe("without onError", () => {
  it("42: an error becomes a 500 that does not give its message away", async () => {
    const app = setup({ routes: [route.get("/", { resolve: () => raise(new Error("the password")) })] });
    const response = await app.request("/");
    const body = await response.text();
    expect(response.status).toBe(500);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(JSON.parse(body)).toEqual({ error: "Internal Server Error" });
    expect(JSON.stringify([...response.headers])).not.toContain("password");
  });
});

describe("a thrown Response", () => {
  it("46: from a handler reaches the client without onError", async () => {
    let errors = 0;
    const thrown = new Response("thrown", { status: 409 });
    const app = setup({
      routes: [route.get("/", { resolve: () => raise(thrown) })],
      onError: () => {
        errors += 1;
        return new Response(null, { status: 500 });
      },
    });
    expect(await app.request("/")).toBe(thrown);
    expect(errors).toBe(0);
  });

  it("46: from a handler passes onResponse (the behaviour chosen here)", async () => {
    const { app, calls } = observed({ resolve: () => raise(new Response(null, { status: 409 })) });
    expect((await app.request("/")).status).toBe(409);
    expect(calls).toEqual(["resolve", "onResponse"]);
  });

  it.each([
    ["onRequest", "/"],
    ["onNotFound", "/unknown"],
  ])(
    "46: from %s is an error like any other thrown value (the behaviour chosen here)",
    async (hook, path) => {
      const thrown = new Response(null, { status: 409 });
      const { app, errors } = observed({ [hook]: () => raise(thrown) });
      expect((await app.request(path)).status).toBe(500);
      expect(errors[0]!.message).toBe("[object Response]");
      expect(errors[0]!.cause).toBe(thrown);
    },
  );
});

describe("a missing Response", () => {
  // What code without types can do: forget a `return`.
  const nothing = (() => {}) as unknown as () => Response;

  it("is an error that names the route", async () => {
    const { app, errors } = observed({});
    const failing = setup({
      routes: [route.get("/lost", { resolve: nothing })],
      onError: ({ error }) => Response.json({ message: error.message }, { status: 500 }),
    });
    expect(await (await failing.request("/lost")).json()).toEqual({
      message: "The handler of GET /lost must return a Response, but returned undefined.",
    });
    await app.request("/");
    expect(errors).toEqual([]);
  });

  it("of onNotFound goes to onError, of onError to the default 500, of onResponse to the response before", async () => {
    const routes = [route.get("/", { resolve: () => new Response("fine") })];
    const onError = () => new Response("from onError", { status: 500 });
    const lost = setup({ routes, onNotFound: nothing, onError });
    expect(await (await lost.request("/unknown")).text()).toBe("from onError");
    const twice = setup({ routes, onNotFound: nothing, onError: nothing });
    expect(await (await twice.request("/unknown")).json()).toEqual({ error: "Internal Server Error" });
    const last = setup({ routes, onResponse: nothing });
    expect(await (await last.request("/")).text()).toBe("fine");
  });
});
