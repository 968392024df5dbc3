import { route } from "@hectoday/http";
import { WorkflowNotFoundError } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { operatorIn } from "../locals.ts";
import { idParams } from "../request-input.ts";

/** Workflows as a whole: where one stands, and to cancel or retry it. */
export function workflowRoutes(queue: ShopQueue) {
  return [
    route.get("/admin/workflows/:id", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const state = await queue.workflow(id);
        if (state === null) throw new WorkflowNotFoundError(`There is no workflow ${id}`);
        return Response.json(state);
      },
    }),

    // Jobs that run are only flagged: the answer's status is then still `running`.
    route.post("/admin/workflows/:id/cancel", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const { actor } = operatorIn(c.locals);
        await queue.store.audit({ actor, action: "workflow.cancel", subject: id, detail: null });
        return Response.json(await queue.cancelWorkflow(id));
      },
    }),

    route.post("/admin/workflows/:id/retry", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const { actor } = operatorIn(c.locals);
        await queue.store.audit({ actor, action: "workflow.retry", subject: id, detail: null });
        return Response.json(await queue.retryWorkflow(id));
      },
    }),
  ];
}
