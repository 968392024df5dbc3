import { route } from "@hectoday/http";
import { answerHealth, type Shop } from "@holdfast/services";
import { failure } from "../error-response.ts";

/** For probes: whether the process works (`/health`), and whether it wants requests now (`/ready`). */
export function healthRoutes(
  { queue, store, log }: Pick<Shop, "queue" | "store" | "log">,
  isStopping: () => boolean,
) {
  return [
    route.get("/health", { resolve: () => answerHealth(queue, log) }),

    route.get("/ready", {
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
