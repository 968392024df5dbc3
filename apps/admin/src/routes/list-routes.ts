import { route } from "@hectoday/http";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { wholeListAnswer } from "../list-answer.ts";
import { pageQuery } from "../request-input.ts";

/** Lists that have no single resources: workers, and the runs that failed last. */
export function listRoutes({ store }: ShopQueue) {
  return [
    route.get("/admin/workers", { resolve: async () => wholeListAnswer(await store.workers()) }),
    route.get("/admin/failures", {
      request: { query: pageQuery.pick({ limit: true }) },
      resolve: async (c) => wholeListAnswer(await store.recentFailures(validInput(c.input).query.limit)),
    }),
  ];
}
