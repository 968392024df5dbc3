import { describe, expect, it } from "vitest";
import { WebhookUrlRefusedError } from "../../src/webhooks/webhook-errors.ts";
import { checkWebhookUrl, type WebhookPolicy, webhookPolicy } from "../../src/webhooks/webhook-url.ts";

const production: WebhookPolicy = { requireHttps: true, allowPrivate: false };
const development: WebhookPolicy = { requireHttps: false, allowPrivate: false };
const tests: WebhookPolicy = { requireHttps: false, allowPrivate: true };

describe("R25: a webhook URL", () => {
  it.each([
    ["https://example.com/hook?a=1", "https://example.com/hook?a=1"],
    ["HTTPS://EXAMPLE.com:443", "https://example.com/"],
    ["https://example.com/hook#part", "https://example.com/hook"],
    ["https://exämple.de/ü", "https://xn--exmple-cua.de/%C3%BC"],
    ["https://8.8.8.8:8443/x", "https://8.8.8.8:8443/x"],
    ["https://[2606:4700::1111]/", "https://[2606:4700::1111]/"],
  ])("%s is kept as %s", (text, kept) => {
    expect(checkWebhookUrl(text, production)).toBe(kept);
  });

  it("must be HTTPS in production only", () => {
    expect(() => checkWebhookUrl("http://example.com/", production)).toThrow(/must start with https:\/\/$/);
    expect(checkWebhookUrl("http://example.com/", development)).toBe("http://example.com/");
  });

  it.each([
    ["another protocol", "ftp://example.com/"],
    ["another protocol", "file:///etc/passwd"],
    ["another protocol", "javascript:alert(1)"],
    ["another protocol", "data:text/plain,x"],
    ["a user", "https://user@example.com/"],
    ["a password", "https://user:pass@example.com/"],
    ["an empty user with a password", "https://:pass@example.com/"],
    ["no host", "https:///"],
    ["a path only", "/hook"],
    ["nothing", ""],
    ["a space in the host", "https://exa mple.com/"],
    ["a port that is none", "https://example.com:99999/"],
    ["more than 2,048 characters", `https://example.com/${"x".repeat(2_048)}`],
  ])("with %s is refused: %s", (_, text) => {
    expect(() => checkWebhookUrl(text, development)).toThrow(WebhookUrlRefusedError);
  });

  it.each([
    "http://127.0.0.1/",
    "http://127.1/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://2130706433/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://0/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[fe80::1]/",
    "http://10.0.0.1:8080/",
  ])("at a private address is refused in every notation: %s", (text) => {
    expect(() => checkWebhookUrl(text, development)).toThrow(/public internet/);
    expect(() => checkWebhookUrl(text, tests)).not.toThrow();
  });
});

describe("the policy", () => {
  it.each([
    ["production", false, production],
    ["development", false, development],
    ["test", true, tests],
    ["production", true, { requireHttps: true, allowPrivate: true }],
  ] as const)("in %s with WEBHOOK_ALLOW_PRIVATE %s", (NODE_ENV, WEBHOOK_ALLOW_PRIVATE, expected) => {
    expect(webhookPolicy({ NODE_ENV, WEBHOOK_ALLOW_PRIVATE })).toEqual(expected);
  });
});
