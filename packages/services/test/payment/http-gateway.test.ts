import { describe, expect, it } from "vitest";
import { createHttpGateway } from "../../src/payment/http-gateway.ts";
import { answerWith, startTestServer } from "../start-test-server.ts";

const request = { key: "charge-ord-1", amountCents: 8_999, currency: "USD", token: "tok_visa" };

describe("charging over HTTP", () => {
  it("sends the key as a header and the amount in cents", async () => {
    await using server = await startTestServer(answerWith(201, { status: "succeeded", id: "ch-9" }));
    const gateway = createHttpGateway({ baseUrl: `${server.url}/v1/` });
    expect(await gateway.charge(request)).toEqual({ kind: "succeeded", chargeId: "ch-9" });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: "POST", path: "/v1/charges" });
    expect(server.seen[0]?.headers["idempotency-key"]).toBe("charge-ord-1");
    expect(JSON.parse(server.seen[0]?.body ?? "")).toEqual({
      amountCents: 8_999,
      currency: "USD",
      token: "tok_visa",
    });
  });

  it.each([
    [200, { status: "declined", reason: "card expired" }, "declined"],
    [402, { status: "declined", reason: "card expired" }, "declined"],
    [402, {}, "declined"],
    [400, { status: "error" }, "unavailable"],
    [401, {}, "unavailable"],
    [429, {}, "unavailable"],
    // From here on money may have been taken.
    [409, {}, "unknown"],
    [408, {}, "unknown"],
    [500, {}, "unknown"],
    [503, {}, "unknown"],
    [200, { status: "processing" }, "unknown"],
    [200, { status: "succeeded" }, "unknown"],
    [303, {}, "unknown"],
    // A server that contradicts itself is not believed.
    [500, { status: "succeeded", id: "ch-9" }, "unknown"],
    [500, { status: "declined" }, "unknown"],
  ])("takes %i %j for %s", async (status, body, kind) => {
    await using server = await startTestServer(answerWith(status, body));
    expect(await createHttpGateway({ baseUrl: server.url }).charge(request)).toMatchObject({ kind });
  });

  it("knows that nothing was charged only if the gateway cannot have seen the request", async () => {
    const server = await startTestServer((_, response) => response.destroy());
    const gateway = createHttpGateway({ baseUrl: server.url });
    expect(await gateway.charge(request)).toMatchObject({ kind: "unknown" });
    await server[Symbol.asyncDispose]();
    expect(await gateway.charge(request)).toMatchObject({ kind: "unavailable" });
  });

  it("does not know the outcome once it stops waiting", async () => {
    await using server = await startTestServer(() => undefined);
    const gateway = createHttpGateway({ baseUrl: server.url, timeoutMs: 50 });
    expect(await gateway.charge(request)).toMatchObject({ kind: "unknown" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("asking over HTTP", () => {
  it.each([
    [200, { status: "succeeded", id: "ch-9" }, { kind: "succeeded", chargeId: "ch-9" }],
    [200, { status: "declined", reason: "card expired" }, { kind: "declined", reason: "card expired" }],
    [404, { status: "none" }, { kind: "none" }],
  ])("takes %i %j for %j", async (status, body, record) => {
    await using server = await startTestServer(answerWith(status, body));
    expect(await createHttpGateway({ baseUrl: server.url }).find("a/b")).toEqual(record);
    expect(server.seen[0]).toMatchObject({ method: "GET", path: "/charges/a%2Fb" });
  });

  it.each([
    [404, {}],
    [404, { error: "no such route" }],
    [200, {}],
    [500, { status: "none" }],
  ])("does not take %i %j for 'never charged'", async (status, body) => {
    await using server = await startTestServer(answerWith(status, body));
    expect(await createHttpGateway({ baseUrl: server.url }).find("k")).toMatchObject({ kind: "unknown" });
  });

  it("does not take an unreachable gateway for 'never charged'", async () => {
    const server = await startTestServer(answerWith(200, {}));
    await server[Symbol.asyncDispose]();
    expect(await createHttpGateway({ baseUrl: server.url }).find("k")).toMatchObject({ kind: "unknown" });
  });
});

describe("refunding over HTTP", () => {
  it.each([
    [200, { status: "refunded" }, true],
    [200, { status: "pending" }, false],
    [500, { status: "refunded" }, false],
    [404, {}, false],
  ])("%i %j is certain: %s", async (status, body, certain) => {
    await using server = await startTestServer(answerWith(status, body));
    expect(await createHttpGateway({ baseUrl: server.url }).refund("charge-1")).toBe(certain);
    expect(server.seen[0]).toMatchObject({ method: "POST", path: "/charges/charge-1/refund" });
    expect(server.seen[0]?.headers["idempotency-key"]).toBe("charge-1-refund");
  });
});
