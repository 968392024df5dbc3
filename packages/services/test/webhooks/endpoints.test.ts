import { describe, expect, it } from "vitest";
import {
  listWebhookEndpoints,
  MOST_ENDPOINTS,
  registerWebhookEndpoint,
  removeWebhookEndpoint,
  rotateWebhookSecret,
} from "../../src/webhooks/endpoints.ts";
import {
  WebhookLimitError,
  WebhookNotFoundError,
  WebhookUrlRefusedError,
} from "../../src/webhooks/webhook-errors.ts";
import { openTestShop } from "../open-test-shop.ts";

const policy = { requireHttps: true, allowPrivate: false };
const URL_A = "https://a.example/hook";

describe("R25: webhook endpoints", () => {
  it("a registered endpoint is active and shows its secret this once", async () => {
    await using shop = await openTestShop();
    const { secret, ...endpoint } = await registerWebhookEndpoint(shop, policy, URL_A);
    expect(secret).toMatch(/^whsec_/);
    expect(endpoint).toMatchObject({ url: URL_A, isActive: true, createdAt: new Date(shop.clock.now()) });
    const listed = await listWebhookEndpoints(shop);
    expect(listed).toEqual([endpoint]);
    expect(JSON.stringify(listed)).not.toContain(secret);
  });

  it("are listed in the order they were registered", async () => {
    await using shop = await openTestShop();
    for (const name of ["c", "a", "b"]) {
      await registerWebhookEndpoint(shop, policy, `https://${name}.example/`);
      shop.clock.advance(1);
    }
    const urls = (await listWebhookEndpoints(shop)).map(({ url }) => url);
    expect(urls).toEqual(["https://c.example/", "https://a.example/", "https://b.example/"]);
  });

  it("a refused URL stores nothing", async () => {
    await using shop = await openTestShop();
    await expect(registerWebhookEndpoint(shop, policy, "http://a.example/")).rejects.toBeInstanceOf(
      WebhookUrlRefusedError,
    );
    expect(await listWebhookEndpoints(shop)).toEqual([]);
  });

  it("there are never more active ones than a completed order can serve, also when many register at once", async () => {
    await using shop = await openTestShop();
    const registering = Array.from({ length: MOST_ENDPOINTS + 5 }, () =>
      registerWebhookEndpoint(shop, policy, URL_A),
    );
    const results = await Promise.allSettled(registering);
    const refused = results.filter((result) => result.status === "rejected");
    expect(refused.map(({ reason }) => reason)).toEqual(Array(5).fill(expect.any(WebhookLimitError)));
    const [first] = await listWebhookEndpoints(shop);
    await removeWebhookEndpoint(shop, first?.id ?? "");
    await registerWebhookEndpoint(shop, policy, URL_A);
  });

  it("a removed one stays in the list, inactive, and cannot be removed again", async () => {
    await using shop = await openTestShop();
    const { id } = await registerWebhookEndpoint(shop, policy, URL_A);
    await removeWebhookEndpoint(shop, id);
    expect(await listWebhookEndpoints(shop)).toMatchObject([{ id, isActive: false }]);
    await expect(removeWebhookEndpoint(shop, id)).rejects.toBeInstanceOf(WebhookNotFoundError);
  });

  it("a rotation gives a new secret, once", async () => {
    await using shop = await openTestShop();
    const { id, secret } = await registerWebhookEndpoint(shop, policy, URL_A);
    const rotated = await rotateWebhookSecret(shop, id);
    expect(rotated).toMatchObject({
      id,
      url: URL_A,
      isActive: true,
      secret: expect.stringMatching(/^whsec_/),
    });
    expect(rotated.secret).not.toBe(secret);
  });

  it.each(["whe-none", "", "'; DROP TABLE webhook_endpoints; --"])("there is none named %j", async (id) => {
    await using shop = await openTestShop();
    await expect(removeWebhookEndpoint(shop, id)).rejects.toBeInstanceOf(WebhookNotFoundError);
    await expect(rotateWebhookSecret(shop, id)).rejects.toBeInstanceOf(WebhookNotFoundError);
  });
});
