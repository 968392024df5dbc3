import { describe, expect, it } from "vitest";
import { openTestApi } from "../open-test-api.ts";

describe("GET /openapi.json", () => {
  it("design: describes every route but itself and the metrics, with its path's parameters", async () => {
    const api = await openTestApi();
    const { status, body } = await api.get("/openapi.json");
    expect([status, body.openapi]).toEqual([200, "3.0.3"]);
    const operations = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(operations.sort()).toEqual([
      "delete /webhook-endpoints/{id}",
      "get /health",
      "get /orders/{id}",
      "get /products",
      "get /ready",
      "get /webhook-deliveries",
      "get /webhook-endpoints",
      "post /orders",
      "post /webhook-deliveries/{id}/replay",
      "post /webhook-endpoints",
      "post /webhook-endpoints/{id}/rotate-secret",
    ]);
    expect(body.paths["/orders/{id}"].get.parameters).toEqual([
      { name: "id", in: "path", required: true, schema: { type: "string" } },
    ]);
    const optional = body.paths["/webhook-deliveries"].get.parameters.map(
      (p: { name: string; required: boolean }) => [p.name, p.required],
    );
    expect(optional).toEqual([
      ["endpointId", false],
      ["status", false],
      ["limit", false],
      ["cursor", false],
    ]);
  });

  it("describes an order as a client sends it", async () => {
    const api = await openTestApi();
    const { post } = (await api.get("/openapi.json")).body.paths["/orders"];
    const { schema } = post.requestBody.content["application/json"];
    expect(schema.required.sort()).toEqual(["items", "paymentToken", "userId"]);
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties.items.items.properties.quantity).toMatchObject({
      type: "integer",
      minimum: 1,
      maximum: 1_000,
    });
    expect(Object.keys(post.responses)).toEqual([
      "201",
      "202",
      "400",
      "401",
      "402",
      "409",
      "413",
      "422",
      "429",
      "503",
    ]);
    for (const { description } of Object.values<{ description: string }>(post.responses))
      expect(description).toBeTruthy();
  });

  it("names the headers that an order may carry", async () => {
    const api = await openTestApi();
    const { paths } = (await api.get("/openapi.json")).body;
    expect(paths["/orders"].post.parameters).toEqual([
      {
        name: "Idempotency-Key",
        in: "header",
        required: false,
        description: expect.any(String),
        schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" },
      },
      {
        name: "Prefer",
        in: "header",
        required: false,
        description: expect.any(String),
        schema: { type: "string", example: "respond-async" },
      },
    ]);
    expect(paths["/orders/{id}"].get.parameters).toHaveLength(1);
  });

  it("says what every route with a key may answer beside its own", async () => {
    const api = await openTestApi();
    const { paths } = (await api.get("/openapi.json")).body;
    expect(Object.keys(paths["/products"].get.responses)).toEqual(["200", "401", "429", "503"]);
    expect(Object.keys(paths["/health"].get.responses)).toEqual(["200", "503"]);
    expect(paths["/health"].get.security).toEqual([]);
  });

  it("leaves no reference that leads nowhere", async () => {
    const api = await openTestApi();
    expect(JSON.stringify((await api.get("/openapi.json")).body)).not.toContain('"$ref"');
  });
});
