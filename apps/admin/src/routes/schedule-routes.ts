import { route } from "@hectoday/http";
import { type JobCatalog, JobNotFoundError, type Queue } from "@holdfast/queue-core";
import type { ShopQueue, ShopTables } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { wholeListAnswer } from "../list-answer.ts";
import { operatorIn } from "../locals.ts";
import { idParams } from "../request-input.ts";

/** Recurring jobs to look at, and to run beside their times. */
export function scheduleRoutes(shopQueue: ShopQueue) {
  // A stored schedule's type is any text until the queue has looked it up.
  const queue: Queue<JobCatalog, ShopTables> = shopQueue;
  const { store } = queue;
  return [
    route.get("/admin/schedules", { resolve: async () => wholeListAnswer(await store.listSchedules()) }),

    // The job stands for no slot, so the schedule's own times stay as they are.
    route.post("/admin/schedules/:id/run", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const schedule = (await store.listSchedules()).find((listed) => listed.id === id);
        if (schedule === undefined) throw new JobNotFoundError(`There is no schedule ${id}`);
        const { actor } = operatorIn(c.locals);
        await store.audit({ actor, action: "schedule.run", subject: id, detail: null });
        return Response.json(await queue.enqueue(schedule.type, schedule.payload), { status: 201 });
      },
    }),
  ];
}
