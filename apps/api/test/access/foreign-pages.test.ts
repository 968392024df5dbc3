import { describe, expect, it } from "vitest";
import { goodOrder, openTestApi, sendRaw } from "../open-test-api.ts";

const order = JSON.stringify(goodOrder);

/** As a browser sends it: `fetch` here sets no `Origin`, and lets nobody set `Sec-Fetch-Site`. */
function ordering(port: number, headers: readonly string[]): Promise<string> {
  const length = `content-length: ${order.length}`;
  const lines = [`host: localhost:${port}`, "content-type: text/plain", length, ...headers];
  return sendRaw(port, `POST /orders HTTP/1.1\r\n${lines.join("\r\n")}\r\nconnection: close\r\n\r\n${order}`);
}

describe("without API keys", () => {
  it.each([
    ["another site", ["origin: https://evil.example", "sec-fetch-site: cross-site"]],
    ["another port", ["origin: http://localhost:1", "sec-fetch-site: same-site"]],
    ["a sandboxed frame", ["origin: null"]],
    ["a browser that tells the origin alone", ["origin: http://evil.example"]],
  ])("a page of %s changes nothing", async (_, headers) => {
    const api = await openTestApi();
    const answer = await ordering(api.port, headers);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('"ORIGIN_FOREIGN"');
    expect(await api.shop.store.read.selectFrom("orders").select("id").execute()).toEqual([]);
  });

  it("programs, the address bar and pages of the same origin are let in", async () => {
    const api = await openTestApi();
    const own = `origin: http://localhost:${api.port}`;
    for (const headers of [[], ["sec-fetch-site: none"], [own], [own, "sec-fetch-site: same-origin"]])
      expect(await ordering(api.port, headers)).toMatch(/^HTTP\/1\.1 201 /);
  });

  it("any page may read, as far as its browser lets it", async () => {
    const api = await openTestApi();
    const origin = { origin: "https://evil.example" };
    const { status, headers } = await api.get("/products", origin);
    expect([status, headers.get("access-control-allow-origin")]).toEqual([200, null]);
  });
});

it("with API keys the key alone counts: no page can send it unasked", async () => {
  const api = await openTestApi({ apiKeys: ["key-of-the-web-shop"] });
  const headers = ["origin: https://shop.example", "authorization: Bearer key-of-the-web-shop"];
  expect(await ordering(api.port, headers)).toMatch(/^HTTP\/1\.1 201 /);
});
