import { route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";

const hello = route.get("/", { resolve: () => new Response("hello") });
const failing = route.get("/fail", {
  resolve: () => {
    throw new Error("secret detail");
  },
});

describe("the context", () => {
  it("35: is frozen and holds the very request that came in", async () => {
    const request = new Request("http://localhost/");
    let holdsRequest = false;
    let isFrozen = false;
    const app = setup({
      routes: [
        route.get("/", {
          resolve: (c) => {
            holdsRequest = c.request === request;
            isFrozen = Object.isFrozen(c);
            return new Response();
          },
        }),
      ],
    });
    await app.fetch(request);
    expect({ holdsRequest, isFrozen }).toEqual({ holdsRequest: true, isFrozen: true });
  });
});

describe("onRequest", () => {
  it.each([
    ["sync", (user: string) => ({ user })],
    ["async", async (user: string) => Promise.resolve({ user })],
  ])("36: gives the locals of handler and hooks, one object for all (%s)", async (_kind, make) => {
    const seen: unknown[] = [];
    const made: unknown[] = [];
    const app = setup({
      routes: [
        route.get("/", {
          resolve: (c) => {
            seen.push(c.locals);
            throw new Error("go through onError");
          },
        }),
      ],
      onRequest: async () => {
        const locals = await make("ada");
        made.push(locals);
        return locals;
      },
      onNotFound: ({ locals }) => {
        seen.push(locals);
        return new Response(null, { status: 404 });
      },
      onError: ({ locals }) => {
        seen.push(locals);
        return new Response(null, { status: 500 });
      },
      onResponse: ({ locals, response }) => {
        seen.push(locals);
        return response;
      },
    });
    await app.request("/");
    await app.request("/unknown");
    expect(made).toEqual([{ user: "ada" }, { user: "ada" }]);
    // Handler, onError and onResponse of the first request; onNotFound and onResponse of the second.
    const sources = seen.map((locals) => made.indexOf(locals));
    expect(sources).toEqual([0, 0, 0, 1, 1]);
  });

  it("36: that returns nothing leaves locals empty, and nothing leaks into the next request", async () => {
    const seen: string[] = [];
    const app = setup({
      routes: [
        route.get("/", {
          resolve: (c) => {
            seen.push(JSON.stringify(c.locals));
            c.locals["left"] = "behind";
            return new Response();
          },
        }),
      ],
      onRequest: () => {},
    });
    await app.request("/");
    await app.request("/");
    expect(seen).toEqual(["{}", "{}"]);
  });

  it("37: runs before routing, for paths without a route too", async () => {
    const order: string[] = [];
    const app = setup({
      routes: [hello],
      onRequest: ({ request }) => {
        order.push(`onRequest ${new URL(request.url).pathname}`);
      },
      onNotFound: () => {
        order.push("onNotFound");
        return new Response(null, { status: 404 });
      },
    });
    await app.request("/unknown");
    expect(order).toEqual(["onRequest /unknown", "onNotFound"]);
  });
});

describe("onResponse", () => {
  it("38: sees and replaces the response of a handler, of no route and of an error", async () => {
    const seen: number[] = [];
    const app = setup({
      routes: [hello, failing],
      onResponse: async ({ request, response }) => {
        seen.push(response.status);
        return Promise.resolve(new Response(`${request.method} ${response.status}`, { status: 299 }));
      },
    });
    for (const [path, answer] of [
      ["/", "GET 200"],
      ["/unknown", "GET 404"],
      ["/fail", "GET 500"],
    ] as const) {
      const response = await app.request(path);
      expect(response.status).toBe(299);
      expect(await response.text()).toBe(answer);
    }
    expect(seen).toEqual([200, 404, 500]);
  });

  it("39: that throws lets the original response through, even after reading its body", async () => {
    let errors = 0;
    const app = setup({
      routes: [hello],
      onResponse: async ({ response }) => {
        await response.text();
        throw new Error("hook failed");
      },
      onError: () => {
        errors += 1;
        return new Response(null, { status: 500 });
      },
    });
    const response = await app.request("/");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("hello");
    expect(errors).toBe(0);
  });

  it("39: that throws keeps a response that has no body left to copy", async () => {
    const used = new Response("used up", { status: 202 });
    await used.text();
    const app = setup({
      routes: [route.get("/", { resolve: () => used })],
      onResponse: () => {
        throw new Error("hook failed");
      },
    });
    expect((await app.request("/")).status).toBe(202);
  });

  it("39: that succeeds leaves no copy behind: the source of a cancelled stream is told so", async () => {
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<unknown>();
    const app = setup({
      routes: [route.get("/", { resolve: () => new Response(new ReadableStream({ cancel })) })],
      onResponse: ({ response }) => response,
    });
    const response = await app.request("/");
    await response.body!.cancel("client left");
    // A copied stream's source hears of it only once both halves are given up, and gets both reasons.
    expect(await cancelled).toContain("client left");
  });
});
