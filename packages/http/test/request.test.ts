import { type RequestOptions, route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";

/** Answers with what arrived. */
const app = setup({
  routes: [
    route.all("/**", {
      resolve: async ({ request }) =>
        Response.json({
          method: request.method,
          url: request.url,
          type: request.headers.get("content-type"),
          token: request.headers.get("x-token"),
          body: await request.text(),
        }),
    }),
  ],
});

interface Arrived {
  method: string;
  url: string;
  type: string | null;
  token: string | null;
  body: string;
}

async function arrived(path: string, options?: RequestOptions): Promise<Arrived> {
  return (await (await app.request(path, options)).json()) as Arrived;
}

describe("app.request", () => {
  it("50: sends GET to localhost without a body by default", async () => {
    expect(await arrived("/a/b?c=d")).toEqual({
      method: "GET",
      url: "http://localhost/a/b?c=d",
      type: null,
      token: null,
      body: "",
    });
  });

  it("50: takes the method in any case", async () => {
    expect((await arrived("/", { method: "patch" })).method).toBe("PATCH");
    expect((await arrived("/", { method: "Delete" })).method).toBe("DELETE");
  });

  it("50: sends a body as JSON, `null` too, and says so", async () => {
    const { body, type } = await arrived("/", { method: "POST", body: { a: [1] } });
    expect({ body, type }).toEqual({ body: '{"a":[1]}', type: "application/json" });
    expect((await arrived("/", { method: "POST", body: null })).body).toBe("null");
    expect(await arrived("/", { method: "POST", body: undefined })).toMatchObject({ body: "", type: null });
  });

  it("50: keeps the headers it is given, a content type in any case too", async () => {
    const headers = { "Content-Type": "application/merge-patch+json", "x-token": "t" };
    const { type, token } = await arrived("/", { method: "POST", body: {}, headers });
    expect({ type, token }).toEqual({ type: "application/merge-patch+json", token: "t" });
  });

  it("50: repeats the key of an array in the query", async () => {
    expect((await arrived("/", { query: { a: ["1", "2"], b: "x y" } })).url).toBe(
      "http://localhost/?a=1&a=2&b=x+y",
    );
  });

  it("50: merges its query with the path's: a string replaces, an array adds", async () => {
    const query = { a: "new", b: ["2", "3"] };
    expect((await arrived("/?a=old&b=1&c=kept", { query })).url).toBe(
      "http://localhost/?a=new&b=1&c=kept&b=2&b=3",
    );
  });

  it("50: takes a path that starts with two slashes, or with none, as a path", async () => {
    expect((await arrived("//a")).url).toBe("http://localhost//a");
    expect((await arrived("a")).url).toBe("http://localhost/a");
  });
});
