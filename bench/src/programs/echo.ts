// The HTTP server and framework of the shop's API with one route that reads JSON and sends it back.
import { route, setup } from "@hectoday/http";
import { createLogger, startHttpServer } from "@holdfast/services/process";
import { answer } from "./task.ts";

const app = setup({
  routes: [
    route.post("/orders", {
      resolve: async ({ request }) => Response.json(await request.json(), { status: 201 }),
    }),
  ],
});
const server = await startHttpServer({
  fetch: (request) => app.fetch(request),
  port: 0,
  hostname: "127.0.0.1",
  log: createLogger({ name: "echo", level: "warn", secrets: [] }),
});
process.on("disconnect", () => void server.close());
answer({ port: server.port });
