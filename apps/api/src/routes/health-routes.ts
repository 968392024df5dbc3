import { route } from "@hectoday/http";
import type { Shop } from "@holdfast/services";
import { answerHealth, failure } from "@holdfast/services/process";
import { errorAnswer, healthAnswer, readyAnswer } from "../openapi/answer-schemas.ts";

/** For probes: whether the process works (`/health`), and whether it wants requests now (`/ready`). */
export function healthRoutes(
  { queue, store, log }: Pick<Shop, "queue" | "store" | "log">,
  isStopping: () => boolean,
) {
  return [
    route.get("/health", {
      response: { 200: healthAnswer, 503: healthAnswer },
      resolve: () => answerHealth(queue, log),
    }),

    route.get("/ready", {
      response: { 200: readyAnswer, 503: errorAnswer },
      resolve: async () => {
        if (isStopping()) return failure(503, "STOPPING", "This process is stopping");
        try {
          await store.read.selectFrom("products").select("id").limit(1).execute();
        } catch (error) {
          log.error({ err: error }, "not ready: the database cannot be read");
          return failure(503, "STORE_UNAVAILABLE", "The database cannot be read");
        }
        return Response.json({ status: "ready" }, { headers: { "cache-control": "no-store" } });
      },
    }),
  ];
}
