import type { RouteDescriptor } from "@hectoday/http";
import { describe, expect, it } from "vitest";
import { openTestAdmin } from "../open-test-admin.ts";

/** What anybody may ask for, and what they get; everything else the router knows is closed. */
const OPEN: Readonly<Record<string, number>> = {
  "GET /health": 200,
  "GET /": 303,
  "GET /login": 200,
  "POST /login": 303,
  "GET /assets/:file": 404,
};

const nameOf = ({ method, path }: RouteDescriptor): string => `${method} ${path}`;
const addressOf = ({ path }: RouteDescriptor): string => path.replace(/:\w+/g, "none");
const isChange = ({ method }: RouteDescriptor): boolean => method !== "GET";

describe("the gate", () => {
  it("shows nobody any route but the open ones", async () => {
    const { app, send, url } = await openTestAdmin();
    expect(app.routes.length).toBeGreaterThan(15);
    const answers: Record<string, number> = {};
    for (const route of app.routes) {
      const response = await send(addressOf(route), { method: route.method, headers: { origin: url } });
      if (response.status === 401) {
        expect(await response.json()).toMatchObject({ error: { code: "UNAUTHORIZED" } });
      } else answers[nameOf(route)] = response.status;
    }
    expect(answers).toEqual(OPEN);
  });

  it("lets the operator's token in everywhere", async () => {
    const { app, asOperator } = await openTestAdmin({ mayDecrypt: true });
    for (const route of app.routes) {
      const { status } = await asOperator(addressOf(route), { method: route.method });
      expect([401, 403, 500], nameOf(route)).not.toContain(status);
    }
  });

  it("lets a session in everywhere, when its own page asks", async () => {
    const { app, send, url, logIn } = await openTestAdmin({ mayDecrypt: true });
    for (const route of app.routes) {
      const headers = { cookie: await logIn(), origin: url, "sec-fetch-site": "same-origin" };
      const { status } = await send(addressOf(route), { method: route.method, headers });
      expect([401, 403, 500], nameOf(route)).not.toContain(status);
    }
  });

  it.each([
    ["another site's page", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["a page on another port of this host", { origin: "http://localhost:1", "sec-fetch-site": "same-site" }],
    ["an opaque origin", { origin: "null" }],
    ["a client that doesn't say where it comes from", {}],
    ["a link in another site, by its fetch metadata alone", { "sec-fetch-site": "cross-site" }],
  ])("refuses every change that %s asks for with a session", async (_, headers) => {
    const { app, send, logIn } = await openTestAdmin();
    const cookie = await logIn();
    const changes = app.routes.filter(isChange);
    expect(changes.length).toBeGreaterThan(4);
    for (const route of changes) {
      const response = await send(addressOf(route), {
        method: route.method,
        headers: { ...headers, cookie },
      });
      expect(response.status, nameOf(route)).toBe(403);
      expect(await response.json()).toMatchObject({ error: { code: "ORIGIN_FOREIGN" } });
    }
  });

  it("is closed for addresses that no route has", async () => {
    const { send, asOperator } = await openTestAdmin();
    for (const path of [
      "/admin",
      "/admin/nothing",
      "/admin/queue/stats/",
      "/assets/../admin/jobs",
      "/.env",
    ]) {
      expect((await send(path)).status, path).toBe(401);
    }
    expect((await asOperator("/admin/nothing")).status).toBe(404);
  });

  it.each(["Bearer wrong-token-of-some-length", "Bearer ", "Basic YTpi", "Bearer an-admin-token-for-test"])(
    "refuses Authorization: %s, also beside a good session",
    async (authorization) => {
      const { send, logIn } = await openTestAdmin();
      expect((await send("/admin/jobs", { headers: { authorization } })).status).toBe(401);
      const cookie = await logIn();
      expect((await send("/admin/jobs", { headers: { authorization, cookie } })).status).toBe(401);
    },
  );
});
