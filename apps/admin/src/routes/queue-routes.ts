import { route } from "@hectoday/http";
import type { jobs } from "@holdfast/job-schemas";
import type { JobType } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { operatorIn } from "../locals.ts";
import { typeName } from "../request-input.ts";

/** Without a type the whole queue is meant: it must be sent all the same, so that a forgotten body stops nothing. */
const pausable = z.strictObject({ type: typeName.optional() });

const historyQuery = z.object({
  minutes: z.coerce.number().int().min(1).max(1_440).default(60),
  step: z.coerce.number().int().min(1).max(60).default(1),
  type: typeName.optional(),
});

/** The queue as a whole: how it does, and to pause and resume it or one of its types. */
export function queueRoutes(queue: ShopQueue) {
  return [
    route.get("/admin/queue/stats", { resolve: async () => Response.json(await queue.stats()) }),
    route.get("/admin/queue/health", { resolve: async () => Response.json(await queue.checkQueueHealth()) }),

    route.get("/admin/queue/history", {
      request: { query: historyQuery },
      resolve: async (c) => {
        const { minutes, step, type } = validInput(c.input).query;
        const query = { minutes, stepMinutes: step, ...(type !== undefined && { type }) };
        return Response.json(await queue.history(query));
      },
    }),

    route.post("/admin/queue/pause", {
      request: { body: pausable },
      resolve: async (c) => {
        const { type } = validInput(c.input).body;
        const { actor } = operatorIn(c.locals);
        // A name that the catalog lacks is refused by the queue itself.
        await queue.pause(type as JobType<typeof jobs> | undefined, { actor });
        return Response.json(await queue.paused());
      },
    }),

    // A type that has left the catalog may be resumed still.
    route.post("/admin/queue/resume", {
      request: { body: pausable },
      resolve: async (c) => {
        const { type } = validInput(c.input).body;
        const { actor } = operatorIn(c.locals);
        await queue.resume(type, { actor });
        return Response.json(await queue.paused());
      },
    }),
  ];
}
