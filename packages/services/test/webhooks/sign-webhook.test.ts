import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { newWebhookSecret, signWebhook } from "../../src/webhooks/sign-webhook.ts";

const MINUTE_MS = 60_000;
const event = { id: "evt-ord-1-completed", body: '{"type":"order.completed","data":{"name":"Ü"}}' };
const secret = newWebhookSecret();
// The receivers' library compares with the real time, so the attempts here are made at it.
const now = new Date();

const verify = (by: string, headers: object, body = event.body): unknown =>
  new Webhook(by).verify(body, { ...headers });

describe("R25: a signed delivery", () => {
  it("is accepted by the receivers' own library", () => {
    expect(verify(secret, signWebhook(event, now, [secret]))).toEqual(JSON.parse(event.body));
  });

  it("has the signature that the specification's example gives", () => {
    const sent = signWebhook(
      { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' },
      new Date(1_614_265_330_000),
      ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    );
    expect(sent).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("under another secret is refused", () => {
    expect(() => verify(newWebhookSecret(), signWebhook(event, now, [secret]))).toThrow(
      "No matching signature",
    );
  });

  it("with a changed body, id or time is refused", () => {
    const headers = signWebhook(event, now, [secret]);
    expect(() => verify(secret, headers, event.body.replace("Ü", "U"))).toThrow("No matching signature");
    expect(() => verify(secret, { ...headers, "webhook-id": "evt-other" })).toThrow("No matching signature");
    const later = String(Number(headers["webhook-timestamp"]) + 1);
    expect(() => verify(secret, { ...headers, "webhook-timestamp": later })).toThrow("No matching signature");
  });

  it("with a shortened signature is refused", () => {
    const headers = signWebhook(event, now, [secret]);
    const short = headers["webhook-signature"].slice(0, -4);
    expect(() => verify(secret, { ...headers, "webhook-signature": short })).toThrow("No matching signature");
  });

  it("replayed ten minutes later is refused", () => {
    const old = signWebhook(event, new Date(now.getTime() - 10 * MINUTE_MS), [secret]);
    expect(() => verify(secret, old)).toThrow("too old");
  });

  it("after a rotation is accepted under the new secret and the one before", () => {
    const rotated = newWebhookSecret();
    const headers = signWebhook(event, now, [rotated, secret]);
    expect(() => verify(rotated, headers)).not.toThrow();
    expect(() => verify(secret, headers)).not.toThrow();
    expect(() => verify(newWebhookSecret(), headers)).toThrow("No matching signature");
  });
});

it("a secret is 32 random bytes that no other secret shares", () => {
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(newWebhookSecret()).not.toBe(secret);
});
