import { createRoutes, setup } from "@hectoday/http";
import { expect, it } from "vitest";

interface Env {
  readonly region: string;
}

const route = createRoutes<Env>();

/** An application that keeps every `env` it is shown, and from where. */
function watching() {
  const seen: [source: string, env: Env][] = [];
  const app = setup<Record<string, unknown>, Env>({
    routes: [
      route.get("/", {
        resolve: (c) => {
          seen.push(["handler", c.env]);
          throw new Error("go through onError");
        },
      }),
    ],
    onRequest: ({ env }) => {
      seen.push(["onRequest", env]);
    },
    onNotFound: ({ env }) => {
      seen.push(["onNotFound", env]);
      return new Response(null, { status: 404 });
    },
    onError: ({ env }) => {
      seen.push(["onError", env]);
      return new Response(null, { status: 500 });
    },
    onResponse: ({ env, response }) => {
      seen.push(["onResponse", env]);
      return response;
    },
  });
  return { app, seen };
}

const sources = ["onRequest", "handler", "onError", "onResponse", "onRequest", "onNotFound", "onResponse"];

it("51: the second argument of `fetch` is `env` in the handler and in every hook", async () => {
  const { app, seen } = watching();
  const env = { region: "eu" };
  await app.fetch(new Request("http://localhost/"), env);
  await app.fetch(new Request("http://localhost/unknown"), env);
  expect(seen.map(([source]) => source)).toEqual(sources);
  for (const [, received] of seen) expect(received).toBe(env);
});

it("51: without a second argument `env` is `undefined` everywhere, `app.request` included", async () => {
  const { app, seen } = watching();
  await app.fetch(new Request("http://localhost/"));
  await app.request("/unknown");
  expect(seen).toEqual(sources.map((source) => [source, undefined]));
});
