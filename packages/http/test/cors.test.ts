import { type CorsOptions, cors, route, setup } from "@hectoday/http";
import { describe, expect, it } from "vitest";

const SHOP = "https://shop.example";
const OTHER = "https://other.example";

function shop(options: CorsOptions) {
  const { preflight, headers } = cors(options);
  return setup({
    routes: [
      preflight(route),
      route.get("/page", { resolve: () => new Response("page", { headers: { vary: "accept" } }) }),
      route.get("/away", { resolve: () => Response.redirect("https://shop.example/page") }),
    ],
    onResponse: ({ request, response }) => headers(request, response),
  });
}

/** The CORS headers of an answer, and `vary`. */
async function headersOf(options: CorsOptions, origin: string | null, path = "/page", method = "GET") {
  const headers: Record<string, string> = { "access-control-request-headers": "x-asked" };
  if (origin !== null) headers["origin"] = origin;
  const response = await shop(options).request(path, { method, headers });
  const wanted = [...response.headers].filter(([name]) => /^(access-control-|vary)/.test(name));
  return Object.fromEntries(wanted);
}

describe("a preflight", () => {
  it("49: of an allowed origin names the methods and reflects the headers asked for", async () => {
    expect(await headersOf({ origin: [OTHER, SHOP] }, SHOP, "/page", "OPTIONS")).toEqual({
      "access-control-allow-origin": SHOP,
      "access-control-allow-methods": "GET, HEAD, PUT, PATCH, POST, DELETE",
      "access-control-allow-headers": "x-asked",
      vary: "Origin",
    });
  });

  it("49: carries what the options set", async () => {
    const options = {
      origin: SHOP,
      methods: ["GET"],
      allowHeaders: ["x-a", "x-b"],
      credentials: true,
      maxAge: 600,
    };
    expect(await headersOf(options, SHOP, "/page", "OPTIONS")).toEqual({
      "access-control-allow-origin": SHOP,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET",
      "access-control-allow-headers": "x-a, x-b",
      "access-control-max-age": "600",
      vary: "Origin",
    });
  });

  it("49: of another origin allows nothing", async () => {
    expect(await headersOf({ origin: SHOP }, OTHER, "/page", "OPTIONS")).toEqual({ vary: "Origin" });
  });
});

describe("the headers of a response", () => {
  it("49: name an allowed origin, and keep what the response varies by", async () => {
    expect(await headersOf({ origin: SHOP, exposeHeaders: ["x-total"] }, SHOP)).toEqual({
      "access-control-allow-origin": SHOP,
      "access-control-expose-headers": "x-total",
      vary: "accept, Origin",
    });
  });

  it.each([OTHER, null])("49: allow nothing to the origin %s", async (origin) => {
    expect(await headersOf({ origin: SHOP }, origin)).toEqual({ vary: "accept, Origin" });
  });

  it("49: allow any origin by `*` without varying by it", async () => {
    expect(await headersOf({ origin: "*" }, OTHER)).toEqual({
      "access-control-allow-origin": "*",
      vary: "accept",
    });
  });

  it("49: can be added to a response whose own headers are fixed, and leave the rest as it was", async () => {
    const response = await shop({ origin: SHOP }).request("/away", { headers: { origin: SHOP } });
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("https://shop.example/page");
    expect(response.headers.get("access-control-allow-origin")).toBe(SHOP);
    expect(await (await shop({ origin: SHOP }).request("/page")).text()).toBe("page");
  });
});

it.each(["*", [SHOP, "*"]])("49: %j with credentials is refused (the behaviour chosen here)", (origin) => {
  expect(() => cors({ origin, credentials: true })).toThrow(
    expect.objectContaining({ name: "CorsOriginUnsafeError", code: "CORS_ORIGIN_UNSAFE" }),
  );
});
