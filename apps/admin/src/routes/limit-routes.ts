import { route } from "@hectoday/http";
import type { JobLimit } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { operatorIn } from "../locals.ts";
import { typeName } from "../request-input.ts";

const params = z.object({ name: typeName });
const pace = z.strictObject({
  rate: z.strictObject({ limit: z.int(), periodMs: z.int(), burst: z.int().optional() }).optional(),
  concurrency: z.int().optional(),
});
/** The queue knows the ranges, and what must be there. */
const bounds = pace.extend({ perKey: pace.optional() });

/** How fast jobs may be claimed: of a type, or of the types that share a limit. */
export function limitRoutes(queue: ShopQueue) {
  const answer = async (): Promise<Response> => Response.json({ items: await queue.limits() });
  return [
    route.get("/admin/limits", { resolve: answer }),

    route.put("/admin/limits/:name", {
      request: { params, body: bounds },
      resolve: async (c) => {
        const { params: target, body } = validInput(c.input);
        // Which fields were left out, and a name that the catalog lacks, are for the queue to judge.
        await queue.setLimit(target.name, body as JobLimit, operatorIn(c.locals));
        return answer();
      },
    }),

    route.delete("/admin/limits/:name", {
      request: { params },
      resolve: async (c) => {
        await queue.setLimit(validInput(c.input).params.name, null, operatorIn(c.locals));
        return answer();
      },
    }),

    route.post("/admin/limits/:name/reset", {
      request: { params },
      resolve: async (c) => {
        await queue.resetLimit(validInput(c.input).params.name, operatorIn(c.locals));
        return answer();
      },
    }),
  ];
}
