import { route, setup } from "@hectoday/http";
import { serve } from "srvx";
import { expect, it } from "vitest";

it("53: an application served on a socket answers its health check", async () => {
  const app = setup({
    routes: [route.get("/health", { resolve: () => Response.json({ status: "ok" }) })],
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", silent: true });
  try {
    await server.ready();
    const response = await fetch(new URL("/health", server.url), { headers: { connection: "close" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({ status: "ok" });
    expect((await fetch(new URL("/unknown", server.url))).status).toBe(404);
  } finally {
    await server.close(true);
  }
});
