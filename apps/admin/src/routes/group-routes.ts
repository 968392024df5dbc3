import { route } from "@hectoday/http";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { operatorIn } from "../locals.ts";

/** The queue knows the range. */
const weightChange = z.strictObject({ groupKey: z.string().min(1).max(512), weight: z.number() });

/** The groups that there are, and how many turns they have among the jobs of others. */
export function groupRoutes(queue: ShopQueue) {
  const answer = async (): Promise<Response> => Response.json({ items: await queue.groupWeights() });
  return [
    route.get("/admin/groups", { resolve: async () => Response.json(await queue.groups()) }),

    route.get("/admin/group-weights", { resolve: answer }),

    route.put("/admin/group-weights", {
      request: { body: weightChange },
      resolve: async (c) => {
        const { groupKey, weight } = validInput(c.input).body;
        await queue.setGroupWeight(groupKey, weight, operatorIn(c.locals));
        return answer();
      },
    }),
  ];
}
