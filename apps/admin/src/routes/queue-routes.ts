import { route } from "@hectoday/http";
import type { ShopQueue } from "@holdfast/services";

export function queueRoutes(queue: ShopQueue) {
  return [
    route.get("/admin/queue/stats", { resolve: async () => Response.json(await queue.stats()) }),
    route.get("/admin/queue/health", { resolve: async () => Response.json(await queue.checkQueueHealth()) }),
  ];
}
