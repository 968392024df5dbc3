import { route } from "@hectoday/http";
import { JobNotFoundError, type JobStatus } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { answer } from "../answer.ts";
import { listAnswer } from "../list-answer.ts";
import { operatorIn } from "../locals.ts";
import { idParams, pageQuery, typeName, workflowId } from "../request-input.ts";

const STATUSES = [
  "waiting",
  "scheduled",
  "pending",
  "processing",
  "completed",
  "cancelled",
  "failed",
] as const satisfies readonly JobStatus[];

const jobQuery = pageQuery.extend({
  status: z.enum(STATUSES).optional(),
  type: typeName.optional(),
  workflow: workflowId.optional(),
});

/** Jobs to look at and to cancel. */
export function jobRoutes({ store }: ShopQueue) {
  return [
    route.get("/admin/jobs", {
      request: { query: jobQuery },
      resolve: async (c) => {
        const { limit, cursor, status, type, workflow } = validInput(c.input).query;
        const page = await store.listJobs({
          limit,
          ...(cursor !== undefined && { cursor }),
          ...(status !== undefined && { status }),
          ...(type !== undefined && { type }),
          ...(workflow !== undefined && { workflowId: workflow }),
        });
        return listAnswer(page);
      },
    }),

    route.get("/admin/jobs/:id", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const job = await store.getJob(id);
        if (job === null) throw new JobNotFoundError(`There is no job ${id}`);
        return answer({ ...job, history: await store.attempts(id), reports: await store.reports(id) });
      },
    }),

    // A job that runs is only flagged: the answer's status is then still `processing`.
    route.post("/admin/jobs/:id/cancel", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const { actor } = operatorIn(c.locals);
        await store.audit({ actor, action: "job.cancel", subject: id, detail: null });
        return Response.json({ id, status: await store.cancel(id) });
      },
    }),
  ];
}
