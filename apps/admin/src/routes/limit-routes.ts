import { route } from "@hectoday/http";
import type { jobs } from "@holdfast/job-schemas";
import type { JobType, TypeLimit } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { operatorIn } from "../locals.ts";
import { typeName } from "../request-input.ts";

/** The queue knows the ranges. `null` lifts the limit, and must be said: a forgotten field lifts nothing. */
const limitChange = z.strictObject({
  type: typeName,
  limit: z
    .strictObject({
      rate: z.strictObject({ limit: z.int(), periodMs: z.int(), burst: z.int().optional() }).optional(),
      concurrency: z.int().optional(),
    })
    .nullable(),
});

/** How fast types may be claimed. */
export function limitRoutes(queue: ShopQueue) {
  return [
    route.get("/admin/limits", { resolve: async () => Response.json({ items: await queue.limits() }) }),

    route.post("/admin/limits", {
      request: { body: limitChange },
      resolve: async (c) => {
        const { type, limit } = validInput(c.input).body;
        const { actor } = operatorIn(c.locals);
        // A name that the catalog lacks, or fields that were left out, are for the queue to judge.
        await queue.setLimit(type as JobType<typeof jobs>, limit as TypeLimit | null, { actor });
        return Response.json({ items: await queue.limits() });
      },
    }),
  ];
}
