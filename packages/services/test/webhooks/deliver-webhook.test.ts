import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import {
  listWebhookEndpoints,
  ROTATION_MS,
  removeWebhookEndpoint,
  rotateWebhookSecret,
} from "../../src/webhooks/endpoints.ts";
import {
  WebhookAddressRefusedError,
  WebhookFailedError,
  WebhookNotFoundError,
} from "../../src/webhooks/webhook-errors.ts";
import { openTestShop } from "../open-test-shop.ts";
import { answerWith, startTestServer, type TestServer } from "../start-test-server.ts";
import { prepareDelivery } from "./test-delivery.ts";

/** What a receiver does with a request: verify it under the secret it was given. */
function verify(secret: string, request: TestServer["seen"][number] | undefined): unknown {
  if (!request) throw new Error("The receiver saw no such request");
  return new Webhook(secret).verify(request.body, request.headers as Record<string, string>);
}

describe("R25: a delivery", () => {
  it("reaches the receiver signed, and is recorded with the job's completion", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(200, {}));
    // The receiver's library compares with the real time.
    shop.clock.setWall(Date.now());
    const delivery = await prepareDelivery(shop, `${receiver.url}/hook`);
    expect(await delivery.attempt()).toBe("delivered");

    const [request] = receiver.seen;
    expect(request).toMatchObject({
      method: "POST",
      path: "/hook",
      headers: {
        "content-type": "application/json",
        "user-agent": "Holdfast-Webhooks/1",
        "webhook-id": `evt-${delivery.orderId}-completed`,
      },
    });
    expect(verify(delivery.endpoint.secret, request)).toMatchObject({
      type: "order.completed",
      data: { id: delivery.orderId },
    });
    expect(await delivery.logged()).toMatchObject({
      status: "delivered",
      attempts: 1,
      lastStatusCode: 200,
      lastError: null,
      deliveredAt: new Date(shop.clock.now()),
    });
  });

  it("that failed is logged and tried again under the same id and body", async () => {
    await using shop = await openTestShop();
    let status = 500;
    await using receiver = await startTestServer((_request, response) =>
      response.writeHead(status).end("try later"),
    );
    const delivery = await prepareDelivery(shop, receiver.url);
    await expect(delivery.attempt()).rejects.toBeInstanceOf(WebhookFailedError);
    expect(await delivery.logged()).toMatchObject({
      status: "pending",
      attempts: 1,
      lastStatusCode: 500,
      lastError: "The receiver did not take the webhook: it answered 500: try later",
    });
    status = 204;
    await delivery.attempt({ attempt: 2 });
    expect(await delivery.logged()).toMatchObject({
      status: "delivered",
      attempts: 2,
      lastStatusCode: 204,
      lastError: null,
    });
    const [first, second] = receiver.seen;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  });

  it.each([200, 201, 204, 299])("answered with %i is delivered", async (status) => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer((_request, response) => response.writeHead(status).end());
    expect(await (await prepareDelivery(shop, receiver.url)).attempt()).toBe("delivered");
  });

  it.each([300, 301, 304, 400, 401, 404, 429, 500, 503])("answered with %i is not", async (status) => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer((_request, response) => response.writeHead(status).end());
    const failure = await (await prepareDelivery(shop, receiver.url))
      .attempt()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "WEBHOOK_FAILED", statusCode: status });
  });

  it("whose last attempt failed has failed", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(500, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    await expect(delivery.attempt({ attempt: 10, maxAttempts: 10 })).rejects.toBeInstanceOf(
      WebhookFailedError,
    );
    expect(await delivery.logged()).toMatchObject({ status: "failed" });
  });

  it("answered with 410 has failed, and its endpoint gets nothing any more", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(410, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    expect(await delivery.attempt()).toBe("gone");
    expect(await delivery.logged()).toMatchObject({ status: "failed", lastStatusCode: 410 });
    expect(await listWebhookEndpoints(shop)).toMatchObject([{ isActive: false }]);
  });

  it("to an endpoint removed in the meantime is not sent", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(200, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    await removeWebhookEndpoint(shop, delivery.endpoint.id);
    expect(await delivery.attempt()).toBe("inactive");
    expect(receiver.seen).toEqual([]);
    expect(await delivery.logged()).toMatchObject({
      status: "failed",
      lastError: "its endpoint was removed",
    });
  });

  it("that has arrived is not sent again by a repeated job", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(200, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    await delivery.attempt();
    expect(await delivery.attempt()).toBe("delivered");
    expect(receiver.seen).toHaveLength(1);
    expect(await delivery.logged()).toMatchObject({ attempts: 1 });
  });

  it("a worker that lost its lease cannot take back what its successor delivered", async () => {
    await using shop = await openTestShop();
    const answering = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    let requests = 0;
    await using receiver = await startTestServer((_request, response) => {
      if (++requests > 1) return response.writeHead(200).end();
      reached.resolve();
      void answering.promise.then(() => response.writeHead(500).end());
    });
    const delivery = await prepareDelivery(shop, receiver.url);
    const stale = delivery.attempt().catch((error: unknown) => error);
    await reached.promise;
    await delivery.attempt();
    answering.resolve();
    expect(await stale).toBeInstanceOf(WebhookFailedError);
    expect(await delivery.logged()).toMatchObject({ status: "delivered", lastStatusCode: 200 });
  });

  it("interrupted by the worker's stop is not logged as a failure of the receiver", async () => {
    await using shop = await openTestShop();
    const stop = new AbortController();
    await using receiver = await startTestServer(() => stop.abort(new Error("the worker stops")));
    const delivery = await prepareDelivery(shop, receiver.url);
    await expect(delivery.attempt({ signal: stop.signal })).rejects.toThrow("the worker stops");
    expect(await delivery.logged()).toMatchObject({ status: "pending", attempts: 0, lastError: null });
  });

  it("to a private address, where that is not allowed, has failed without a connection", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(200, {}));
    const delivery = await prepareDelivery(shop, receiver.url);
    await expect(delivery.attempt({}, { allowPrivate: false })).rejects.toBeInstanceOf(
      WebhookAddressRefusedError,
    );
    expect(receiver.seen).toEqual([]);
    expect(await delivery.logged()).toMatchObject({ status: "failed", attempts: 1 });
  });

  it("that nobody made is refused", async () => {
    await using shop = await openTestShop();
    const delivery = await prepareDelivery(shop, "https://a.example/");
    await shop.store.transaction(({ sql }) => sql.deleteFrom("webhook_deliveries").execute());
    await expect(delivery.attempt()).rejects.toBeInstanceOf(WebhookNotFoundError);
  });
});

describe("R25: after a rotation", () => {
  it("deliveries carry both signatures for a day, then the new one only", async () => {
    await using shop = await openTestShop();
    await using receiver = await startTestServer(answerWith(500, {}));
    shop.clock.setWall(Date.now() - ROTATION_MS);
    const delivery = await prepareDelivery(shop, receiver.url);
    const { secret } = await rotateWebhookSecret(shop, delivery.endpoint.id);

    shop.clock.advance(ROTATION_MS - 1_000);
    await expect(delivery.attempt()).rejects.toBeInstanceOf(WebhookFailedError);
    shop.clock.advance(1_000);
    await expect(delivery.attempt()).rejects.toBeInstanceOf(WebhookFailedError);

    const [within, after] = receiver.seen;
    expect(() => verify(secret, within)).not.toThrow();
    expect(() => verify(delivery.endpoint.secret, within)).not.toThrow();
    expect(() => verify(secret, after)).not.toThrow();
    expect(() => verify(delivery.endpoint.secret, after)).toThrow("No matching signature");
  });
});
