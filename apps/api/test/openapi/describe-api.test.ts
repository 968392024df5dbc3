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
    expect(Object.keys(post.responses)).toEqual(["201", "202", "400", "402", "409", "413", "422", "503"]);
    for (const { description } of Object.values<{ description: string }>(post.responses))
      expect(description).toBeTruthy();
  });

  it("leaves no reference that leads nowhere", async () => {
    const api = await openTestApi();
    expect(JSON.stringify((await api.get("/openapi.json")).body)).not.toContain('"$ref"');
  });
});
