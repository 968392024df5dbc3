import { route } from "@hectoday/http";
import type { FaultLog } from "@holdfast/queue-core";
import type { Shop } from "@holdfast/services";
import { answerHealth, failure } from "@holdfast/services/process";
import { errorAnswer, healthAnswer, readyAnswer } from "../openapi/answer-schemas.ts";

const READING = "reading the database";

/** For probes: whether the process works (`/health`), and whether it wants requests now (`/ready`). */
export function healthRoutes(
  { queue, store }: Pick<Shop, "queue" | "store">,
  isStopping: () => boolean,
  faults: FaultLog,
) {
  return [
    route.get("/health", {
      response: { 200: healthAnswer, 503: healthAnswer },
      resolve: () => answerHealth(queue, faults),
    }),

    route.get("/ready", {
      response: { 200: readyAnswer, 503: errorAnswer },
      resolve: async () => {
        if (isStopping()) return failure(503, "STOPPING", "This process is stopping");
        try {
          await store.read.selectFrom("products").select("id").limit(1).execute();
          faults.works(READING);
        } catch (error) {
          faults.failed(READING, error);
          return failure(503, "STORE_UNAVAILABLE", "The database cannot be read");
        }
        return Response.json({ status: "ready" }, { headers: { "cache-control": "no-store" } });
      },
    }),
  ];
}
